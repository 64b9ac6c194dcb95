import { type FSWatcher, existsSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Agent, LOCK_FILE } from "../../infra/declarations/index.ts";
import { agentsFolder } from "../agents.ts";
import type { Project } from "../project.ts";

/** Editors write a file in several steps. */
const SETTLES_MS = 100;

/** The lock of packages is written by whoever tries the agent, first under a name that begins like its own. */
const isLock = (file: string | null) => file !== null && basename(file).startsWith(LOCK_FILE);

/** Tells when files of an agent may have changed. */
export class AgentWatch {
  readonly #project: Project;
  readonly #watched = new Map<string, FSWatcher>();
  #changed = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(project: Project, stack: string) {
    this.#project = project;
    this.#add(join(project.root, agentsFolder(project, stack)), false);
  }

  /** Aborts once something has changed since the last `reset`. */
  get changed(): AbortSignal {
    return this.#changed.signal;
  }

  /** Watch what an agent consists of, too: its folder, and its documents. */
  include({ source, documents }: Agent): void {
    const { root } = this.#project;
    if (source.kind === "code") this.#add(join(root, source.folder), true);
    const files = documents
      .flatMap((document) => (typeof document === "string" ? [join(root, document)] : []))
      .filter((file) => existsSync(file));
    for (const file of files) this.#add(dirname(file), false);
  }

  /** Begin anew: what has changed until now was taken in. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#changed = new AbortController();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watched.values()) watcher.close();
  }

  #add(folder: string, recursive: boolean): void {
    if (this.#watched.has(folder) || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    const watcher = watch(folder, { recursive }, (_event, file) => {
      if (isLock(file)) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#changed.abort(), SETTLES_MS);
    });
    // A folder that is removed is missed by whoever reads the declaration.
    watcher.on("error", () => watcher.close());
    this.#watched.set(folder, watcher);
  }
}
