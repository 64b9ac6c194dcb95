import type { FileChange } from "../commits/repository.ts";
import type { Project } from "../../stacks/index.ts";

/** A fleet's stack, and the folder of its declarations. */
export interface FleetNames {
  readonly stack: string;
  readonly folder: string;
}

/** Where the fleets are deployed, and how each is called. */
export class FleetDirectory {
  readonly project: Project;
  readonly network: string;

  constructor(project: Project, network: string) {
    this.project = project;
    this.network = network;
  }

  named(_number: number): FleetNames {
    return { stack: "local", folder: "agents" };
  }

  target(number: number): { readonly project: Project; readonly stack: string } {
    return { project: this.project, stack: this.named(number).stack };
  }

  /** Returns the files that a fleet needs and the repository does not have yet. */
  missingFiles(_number: number): Promise<readonly FileChange[]> {
    return Promise.resolve([]);
  }
}
