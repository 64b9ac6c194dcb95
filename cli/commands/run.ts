import { loadStackAgents } from "../../stacks/agents.ts";
import { type Operation, runOperation } from "../../stacks/engine-run.ts";
import type { Project } from "../../stacks/project.ts";
import { printComplaints } from "./validate.ts";

export interface RunFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly refresh?: boolean;
  readonly diff?: boolean;
}

/** `up`, `preview`, `refresh`, `destroy`. Bad YAML stops the first two before anything is started. */
export async function runCommand(project: Project, operation: Operation, flags: RunFlags): Promise<number> {
  if (operation === "up" || operation === "preview") {
    const { complaints } = loadStackAgents(project, flags.stack);
    if (complaints.length > 0) return printComplaints(complaints, flags.json === true);
  }
  return runOperation(project, operation, flags);
}
