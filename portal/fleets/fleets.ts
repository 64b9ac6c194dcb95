import { join } from "node:path";
import { parseDocument } from "yaml";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import type { FileChange, Repository } from "../commits/repository.ts";
import { type Project, UserError, isLocalStack } from "../../stacks/index.ts";
import { readNetwork } from "../../stacks/network.ts";

/** A fleet's stack, and the folder of its declarations. */
export interface FleetNames {
  readonly id: string;
  readonly stack: string;
  readonly folder: string;
}

export interface FleetOptions {
  readonly project: Project;
  readonly repository: Repository;
  /** What the names of the stacks begin with: `local` for the embedded engine. */
  readonly prefix: string;
}

const KEEP = ".gitkeep";

/** Where the fleets are deployed, how each is called, and what each needs in the repository beside its declarations. */
export class FleetDirectory {
  readonly project: Project;
  readonly isLocal: boolean;
  readonly #repository: Repository;
  readonly #prefix: string;

  constructor({ project, repository, prefix }: FleetOptions) {
    this.project = project;
    this.#repository = repository;
    this.#prefix = prefix;
    this.isLocal = isLocalStack(prefix);
  }

  named(number: number): FleetNames {
    const id = `customers-${String(number).padStart(2, "0")}`;
    return { id, stack: `${this.#prefix}-${id}`, folder: `agents/${id}` };
  }

  /**
   * The stack whose settings declarations are held against before a fleet's own is made. On this machine it is that of the first fleet;
   * elsewhere one that the operator set up, of which the fleets' stacks are copies.
   */
  get model(): string {
    return this.isLocal ? this.named(1).stack : `${this.#prefix}-customers`;
  }

  /** The network that the agents are registered on. */
  get network(): string {
    return readNetwork(this.project, this.model).network;
  }

  /** Writes the model's file, as the newest commit has it, where the stacks run. @throws if there is none */
  async placeModel(): Promise<void> {
    const text = await this.#modelIn(await this.#repository.head());
    writeAtomicallySync(join(this.project.root, stackFile(this.model)), text);
  }

  /** Returns the files that a fleet needs and the repository does not have yet. */
  async missingFiles(number: number): Promise<readonly FileChange[]> {
    const { stack, folder } = this.named(number);
    const commit = await this.#repository.head();
    const has = async (path: string) =>
      commit !== undefined && (await this.#repository.file(commit, path)) !== undefined;
    const files: FileChange[] = [];
    // The last agent's file leaves an empty folder, which git would not keep.
    if (!(await has(`${folder}/${KEEP}`))) files.push({ path: `${folder}/${KEEP}`, text: "" });
    if (this.isLocal || (await has(stackFile(stack)))) return files;
    return [...files, { path: stackFile(stack), text: await this.#stackOf(folder, commit) }];
  }

  /** Returns a fleet's stack file: the model's, with a folder and an owner of its own. */
  async #stackOf(folder: string, commit: string | undefined): Promise<string> {
    const document = parseDocument(await this.#modelIn(commit));
    const owner = (document.getIn(["config", "masumi:owner"]) as string | undefined) ?? this.#prefix;
    document.setIn(["config", "masumi:agents"], folder);
    document.setIn(["config", "masumi:owner"], `${owner}-${folder.slice(folder.lastIndexOf("/") + 1)}`);
    return document.toString();
  }

  async #modelIn(commit: string | undefined): Promise<string> {
    const path = stackFile(this.model);
    const text = commit === undefined ? undefined : await this.#repository.file(commit, path);
    if (text !== undefined) return text;
    throw new UserError(
      `The repository has no ${path}, of which the stacks of the fleets are copies. Set up a stack of this name there, and push it.`,
    );
  }

  /** Returns a fleet's stack file as a commit has it; undefined on this machine, which keeps it for itself. */
  async stackFileIn(commit: string, number: number): Promise<FileChange | undefined> {
    if (this.isLocal) return undefined;
    const path = stackFile(this.named(number).stack);
    const text = await this.#repository.file(commit, path);
    return text === undefined ? undefined : { path, text };
  }
}

const stackFile = (stack: string): string => `Pulumi.${stack}.yaml`;
