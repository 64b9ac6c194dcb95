import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Git, GitError, type GitOptions, git } from "./git.ts";

const BRANCH = "main";
const HEAD = `refs/heads/${BRANCH}`;
/** Where the remote's branch is kept here. */
const REMOTE_HEAD = `refs/remotes/origin/${BRANCH}`;
/** Names the requests that a commit has, so that it is found again if whoever made it was killed before noting it. */
const TRAILER = "Request";
/** How many of the newest commits are asked for their requests: a killed portal leaves one that is not noted. */
const COMMITS_LOOKED_AT = 50;
/** What the folders are called in which commits are prepared, and the age at which nobody is at work in one any more. */
const PREPARED = "commit-";
const LEFT_AFTER_MS = 3_600_000;

/** Who made a commit; the portal itself when several users did. */
const PORTAL = { name: "Agent portal", email: "portal@localhost" } as const;

export interface Person {
  readonly name: string;
  readonly email: string;
}

/** A file as it is to be; null: it is to be gone. */
export interface FileChange {
  readonly path: string;
  readonly text: string | null;
}

export interface NewCommit {
  readonly subject: string;
  readonly changes: readonly FileChange[];
  readonly authors: readonly Person[];
  readonly requests: readonly string[];
}

/** Somebody else pushed meanwhile: nothing was committed. */
export class OutrunError extends Error {
  override readonly name = "OutrunError";
}

/**
 * The repository of the declarations: a bare one, so that a commit is one update of a reference, and whoever is killed leaves no half of
 * it. With a remote, that one's branch is the truth: what was not pushed was not committed.
 */
export class Repository {
  readonly folder: string;
  readonly #remote: string | undefined;
  readonly #run: Git;

  constructor(folder: string, remote?: string, run: Git = git) {
    this.folder = folder;
    this.#remote = remote;
    this.#run = run;
  }

  #git(words: readonly string[], options?: GitOptions): Promise<string> {
    return this.#run(this.folder, words, options);
  }

  /** Makes the repository if there is none yet. */
  async open(signal?: AbortSignal): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#removeLeftovers();
    if (!existsSync(join(this.folder, "HEAD"))) {
      await this.#git(["init", "--quiet", "--bare", `--initial-branch=${BRANCH}`], { signal });
    }
    if (this.#remote !== undefined) {
      await this.#git(["config", "remote.origin.url", this.#remote], { signal });
      await this.#git(["config", "remote.origin.fetch", `+${HEAD}:${REMOTE_HEAD}`], { signal });
    }
    await this.update(signal);
  }

  /** Removes what killed portals were about to commit; another one may be committing just now. */
  #removeLeftovers(): void {
    for (const name of globSync(`${PREPARED}*`, { cwd: this.folder })) {
      const folder = join(this.folder, name);
      const found = statSync(folder, { throwIfNoEntry: false });
      if (found && Date.now() - found.mtimeMs > LEFT_AFTER_MS)
        rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Fetches what others pushed, if there is a remote. */
  async update(signal?: AbortSignal): Promise<void> {
    if (this.#remote === undefined) return;
    const [head] = (await this.#git(["ls-remote", "origin", HEAD], { signal })).split("\t");
    if (!head) return;
    await this.#git(["fetch", "--quiet", "origin"], { signal });
    await this.#git(["update-ref", HEAD, REMOTE_HEAD], { signal });
  }

  /** Returns the newest commit; undefined before the first. */
  async head(): Promise<string | undefined> {
    return (await this.#git(["for-each-ref", "--format=%(objectname)", HEAD])).trim() || undefined;
  }

  /** Whether a commit is known here, and is the given one or comes before it. */
  async contains(newer: string, commit: string): Promise<boolean> {
    try {
      await this.#git(["merge-base", "--is-ancestor", commit, newer]);
      return true;
    } catch (error) {
      if (error instanceof GitError) return false;
      throw error;
    }
  }

  /** Returns the newest commit that changed something below these paths; undefined if none did. */
  async newestOf(paths: readonly string[]): Promise<string | undefined> {
    if ((await this.head()) === undefined) return undefined;
    return (await this.#git(["log", "-1", "--format=%H", HEAD, "--", ...paths])).trim() || undefined;
  }

  /** Returns, by request, the commit that has it, for the newest commits. */
  async requestsOfNewest(): Promise<Map<string, string>> {
    if ((await this.head()) === undefined) return new Map();
    const format = `--format=%H %(trailers:key=${TRAILER},valueonly,separator=%x20)`;
    const lines = (await this.#git(["log", "-n", String(COMMITS_LOOKED_AT), format, HEAD])).split("\n");
    return new Map(
      lines.flatMap((line) => {
        const [commit = "", ...ids] = line.trim().split(" ");
        return ids.map((id): [string, string] => [id, commit]);
      }),
    );
  }

  /** Commits changes on top of the newest commit, and returns the commit. @throws OutrunError, GitError */
  async commit({ subject, changes, authors, requests }: NewCommit, signal?: AbortSignal): Promise<string> {
    const parent = await this.head();
    const tree = await this.#treeWith(parent, changes, signal);
    const [author = PORTAL, ...others] = authors;
    const isShared = others.length > 0;
    const trailers = [
      ...(isShared ? authors.map(({ name, email }) => `Co-authored-by: ${name} <${email}>`) : []),
      ...requests.map((id) => `${TRAILER}: ${id}`),
    ];
    const by = isShared ? PORTAL : author;
    const commit = await this.#git(["commit-tree", tree, ...(parent ? ["-p", parent] : [])], {
      input: `${subject}\n\n${trailers.join("\n")}\n`,
      env: {
        GIT_AUTHOR_NAME: by.name,
        GIT_AUTHOR_EMAIL: by.email,
        GIT_COMMITTER_NAME: PORTAL.name,
        GIT_COMMITTER_EMAIL: PORTAL.email,
      },
      signal,
    });
    await this.#publish(commit.trim(), parent, signal);
    return commit.trim();
  }

  async #treeWith(
    parent: string | undefined,
    changes: readonly FileChange[],
    signal?: AbortSignal,
  ): Promise<string> {
    const work = mkdtempSync(join(this.folder, PREPARED));
    try {
      const files = changes.map(({ text }, index) => {
        const file = join(work, String(index));
        if (text !== null) writeFileSync(file, text);
        return text === null ? undefined : file;
      });
      const paths = files.filter((file) => file !== undefined);
      const hashed = await this.#git(["hash-object", "-w", "--no-filters", "--stdin-paths"], {
        input: paths.map((path) => `${path}\n`).join(""),
        signal,
      });
      const blobs = hashed.split("\n");
      const entries = changes.map(({ path }, index) =>
        files[index] === undefined ? `0 ${"0".repeat(40)}\t${path}` : `100644 ${blobs.shift()}\t${path}`,
      );
      const env = { GIT_INDEX_FILE: join(work, "index") };
      await this.#git(parent === undefined ? ["read-tree", "--empty"] : ["read-tree", parent], {
        env,
        signal,
      });
      await this.#git(["update-index", "-z", "--index-info"], {
        env,
        input: entries.map((entry) => `${entry}\0`).join(""),
        signal,
      });
      return (await this.#git(["write-tree"], { env, signal })).trim();
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  /** The commit counts from here on. */
  async #publish(commit: string, parent: string | undefined, signal?: AbortSignal): Promise<void> {
    if (this.#remote !== undefined) {
      try {
        await this.#git(["push", "--quiet", "origin", `${commit}:${HEAD}`], { signal });
      } catch (error) {
        if (error instanceof GitError && /rejected|fetch first|non-fast-forward/.test(error.message)) {
          throw new OutrunError("Somebody else pushed to the repository meanwhile.", { cause: error });
        }
        throw error;
      }
    }
    await this.#git(["update-ref", HEAD, commit, parent ?? "0".repeat(40)], { signal });
  }

  /** Returns the files directly below a folder, by name, as a commit has them. */
  async filesOf(commit: string, folder: string): Promise<Map<string, string>> {
    const listed = await this.#git(["ls-tree", "-z", commit, `${folder}/`]);
    const entries = listed.split("\0").flatMap((line) => {
      const [, type, blob, path] = /^\d+ (\w+) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
      return type === "blob" && blob && path ? [{ blob, name: path.slice(folder.length + 1) }] : [];
    });
    const texts = await this.#blobs(entries.map(({ blob }) => blob));
    return new Map(entries.map(({ name }, index) => [name, texts[index] ?? ""]));
  }

  /** Returns the texts of blobs, all read by one process. */
  async #blobs(blobs: readonly string[]): Promise<string[]> {
    if (blobs.length === 0) return [];
    const output = Buffer.from(
      await this.#git(["cat-file", "--batch=%(objectsize)"], {
        input: blobs.map((blob) => `${blob}\n`).join(""),
      }),
    );
    const texts: string[] = [];
    let at = 0;
    for (const _ of blobs) {
      const line = output.indexOf(0x0a, at);
      const size = Number(output.subarray(at, line).toString());
      texts.push(output.subarray(line + 1, line + 1 + size).toString());
      at = line + 1 + size + 1;
    }
    return texts;
  }

  /** Returns one file's text as a commit has it; undefined if it has none. */
  async file(commit: string, path: string): Promise<string | undefined> {
    const listed = await this.#git(["ls-tree", "-z", commit, path]);
    return listed === "" ? undefined : this.#git(["cat-file", "blob", `${commit}:${path}`]);
  }
}
