import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isSeq, parseDocument } from "yaml";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import type { FileChange, Repository } from "../commits/repository.ts";
import { type Project, UserError, isLocalStack } from "../../stacks/index.ts";
import { readNetwork } from "../../stacks/network.ts";
import { readConfig } from "../../stacks/project.ts";
import { placeFiles } from "./place.ts";
import { openFleetProject } from "./project.ts";

/** A fleet's stack, and the folder of its declarations. */
export interface FleetNames {
  readonly id: string;
  readonly stack: string;
  readonly folder: string;
}

export interface FleetOptions {
  /** Where the folders are that stacks run in. */
  readonly folder: string;
  readonly repository: Repository;
  /** What the names of the stacks begin with: `local` for the embedded engine. */
  readonly prefix: string;
}

const KEEP = ".gitkeep";

/** Where the fleets are deployed, how each is called, and what each needs in the repository beside its declarations. */
export class FleetDirectory {
  /** The project that the model is in. */
  readonly project: Project;
  readonly isLocal: boolean;
  readonly #folder: string;
  readonly #repository: Repository;
  readonly #prefix: string;
  readonly #projects = new Map<string, Project>();

  constructor({ folder, repository, prefix }: FleetOptions) {
    this.#folder = folder;
    this.#repository = repository;
    this.#prefix = prefix;
    this.isLocal = isLocalStack(prefix);
    this.project = openFleetProject(join(folder, "project"));
  }

  named(number: number): FleetNames {
    const id = `customers-${String(number).padStart(2, "0")}`;
    return { id, stack: `${this.#prefix}-${id}`, folder: `agents/${id}` };
  }

  /**
   * Returns the project that a fleet's stack runs in. On this machine the fleets share one, and with it the sandbox; elsewhere each has
   * its own, so that runs side by side have nothing in common.
   */
  projectOf(number: number): Project {
    if (this.isLocal) return this.project;
    const { id } = this.named(number);
    const project = this.#projects.get(id) ?? openFleetProject(join(this.#folder, "projects", id));
    this.#projects.set(id, project);
    return project;
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

  /** Writes the model's file, as the newest commit has it, where declarations are held against it. @throws if there is none */
  async placeModel(): Promise<void> {
    if (this.isLocal) return;
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
    const shared = asMap(document.getIn(["config", "masumi:shared"]));
    if (shared["keep"] === true) {
      const { keep: _ofModel, ...rest } = shared;
      document.setIn(["config", "masumi:shared"], { ...rest, of: this.model });
    }
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

  /** Returns the texts of a fleet's declarations, as the newest commit has them. */
  async declarations(number: number): Promise<readonly string[]> {
    const commit = await this.#repository.head();
    if (commit === undefined) return [];
    return [...(await this.#repository.filesOf(commit, this.named(number).folder)).values()];
  }

  /** Places a fleet's files where its stack runs, as a commit has them. On this machine it keeps its stack's file for itself. */
  async place(commit: string, number: number): Promise<Project> {
    const { folder } = this.named(number);
    const project = this.projectOf(number);
    placeFiles(join(project.root, folder), await this.#repository.filesOf(commit, folder));
    await this.#placeSettings(commit, number);
    return project;
  }

  async #placeSettings(commit: string, number: number): Promise<boolean> {
    const file = stackFile(this.named(number).stack);
    const settings = this.isLocal ? undefined : await this.#repository.file(commit, file);
    if (settings === undefined) return false;
    writeAtomicallySync(join(this.projectOf(number).root, file), settings);
    return true;
  }

  /** Returns what the model and the stacks of fleets are set to, as the newest commit has them; fleets that have no file yet are left out. */
  async settings(fleets: readonly number[]): Promise<Map<string, Readonly<Record<string, string>>>> {
    const commit = await this.#repository.head();
    const all = new Map([[this.model, readConfig(this.project, this.model)]]);
    for (const number of fleets) {
      if (commit === undefined || !(await this.#placeSettings(commit, number))) continue;
      const { stack } = this.named(number);
      all.set(stack, readConfig(this.projectOf(number), stack));
    }
    return all;
  }

  /**
   * Names, for the next run of a fleet, the agents that it may burn beside those that any run may, because their owners asked for it. On
   * Mainnet the operator names them.
   */
  allowBurns(number: number, ids: readonly string[]): void {
    const file = join(this.projectOf(number).root, stackFile(this.named(number).stack));
    const document = parseDocument(readFileSync(file, "utf8"));
    if (document.getIn(["config", "masumi:network"]) === "Mainnet") return;
    const named = asList(document.getIn(ALLOWED));
    // On this machine the file is the portal's, and whoever it named for an earlier run is gone.
    const all = [...new Set([...(this.isLocal ? [] : named), ...ids])];
    if (all.join() === named.join()) return;
    if (all.length > 0) document.setIn(ALLOWED, JSON.stringify(all));
    else document.deleteIn(ALLOWED);
    writeAtomicallySync(file, document.toString());
  }

  /** Returns the newest commit that changed a fleet's declarations or its settings; undefined if none did. */
  async newestCommit(number: number): Promise<string | undefined> {
    const { stack, folder } = this.named(number);
    return this.#repository.newestOf(this.isLocal ? [folder] : [folder, stackFile(stack)]);
  }
}

const ALLOWED = ["config", "masumi:allowDeregister"];

/** A list in a stack's file is one of YAML, or JSON text. */
function asList(value: unknown): readonly string[] {
  if (isSeq(value)) return value.toJSON() as string[];
  return typeof value === "string" ? (JSON.parse(value) as string[]) : [];
}

/** A map in a stack's file is one of YAML, or JSON text. */
function asMap(value: unknown): Readonly<Record<string, unknown>> {
  if (isMap(value)) return value.toJSON() as Record<string, unknown>;
  return typeof value === "string" ? (JSON.parse(value) as Record<string, unknown>) : {};
}

const stackFile = (stack: string): string => `Pulumi.${stack}.yaml`;
