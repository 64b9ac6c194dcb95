import { spawnSync } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, posix, relative, resolve, sep } from "node:path";

export interface PathProblem {
  readonly message: string;
  readonly remedy: string;
}

/** Returns whether a path exists and is inside a folder after following all links. */
export function isInside(path: string, folder: string): boolean {
  try {
    const inner = relative(realpathSync(folder), realpathSync(path));
    return inner !== ".." && !inner.startsWith(`..${sep}`) && !inner.startsWith(sep);
  } catch {
    return false;
  }
}

/** Returns why `path`, as written in the declaration `file`, is not a file or folder of the repository; undefined if it is. */
export function pathProblem(
  projectRoot: string,
  file: string,
  path: string,
  wanted: "file" | "folder",
): PathProblem | undefined {
  const full = resolve(projectRoot, path);
  const lexically = relative(projectRoot, full);
  if (isAbsolute(path) || lexically === ".." || lexically.startsWith(`..${sep}`)) {
    return {
      message: `"${path}" is outside the repository`,
      remedy: "write a path relative to the repository's root",
    };
  }
  if (!existsSync(full)) {
    const beside = join(dirname(file), path);
    return {
      message: `"${path}" does not exist`,
      remedy: existsSync(join(projectRoot, beside))
        ? `paths are relative to the repository's root: write ${normalize(beside).split(sep).join("/")}`
        : "write the path of a file relative to the repository's root".replace("file", wanted),
    };
  }
  if (!isInside(full, projectRoot)) {
    return {
      message: `"${path}" is a link to something outside the repository`,
      remedy: `put the ${wanted} itself there`,
    };
  }
  const problem = privateProblem(projectRoot, path);
  if (problem) return problem;
  const isFolder = statSync(full).isDirectory();
  if (isFolder === (wanted === "folder")) return undefined;
  return isFolder
    ? { message: `"${path}" is a folder`, remedy: "list its files one by one" }
    : { message: `"${path}" is a file`, remedy: "name the folder that contains it" };
}

/** Returns where a path of the repository leads when all links are followed, relative to the root and with forward slashes. */
export const realPath = (projectRoot: string, path: string): string =>
  relative(realpathSync(projectRoot), realpathSync(resolve(projectRoot, path)))
    .split(sep)
    .join("/");

/** Folders of keys, states and jobs, wherever they are in the repository and however a file system spells them. */
const PRIVATE = /^\.(git|masumi)$/i;

/** Returns whether a folder of this name is git's own or ours. */
export const isPrivateName = (name: string): boolean => PRIVATE.test(name);

/** Returns why an existing path must not become part of what leaves this machine: git's own folder or ours; undefined if it may. */
export function privateProblem(projectRoot: string, path: string): PathProblem | undefined {
  const real = realPath(projectRoot, path);
  const segment = real.split("/").find(isPrivateName);
  if (segment === undefined) return undefined;
  return {
    message: `"${path}" leads to ${real}, and nothing in ${segment} leaves this machine`,
    remedy: "put the file itself into the repository",
  };
}

/** Variables of a surrounding git command, for example a hook, that would point git at another repository. */
const GIT_LOCATION = /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY)$/;

/** Returns an environment in which git looks at the repository that it is run in. */
export const gitEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !GIT_LOCATION.test(name)));

/**
 * Returns which of these existing paths git ignores, so clones do not have them; none if there is no git or no repository. A
 * link counts as ignored, too, if git ignores what it leads to.
 */
export function ignoredByGit(projectRoot: string, paths: readonly string[]): ReadonlySet<string> {
  const asked = paths.map((path) => ({ path, names: namesOf(projectRoot, path) }));
  const ignored = askGit(projectRoot, [...new Set(asked.flatMap(({ names }) => names))]);
  return new Set(
    asked.filter(({ names }) => names.some((name) => ignored.has(name))).map(({ path }) => path),
  );
}

/**
 * Returns what git has of a folder of the project, or in its place; nothing if there is no repository. Undefined if there is one, and
 * git does not tell: it is not installed, or refuses a repository that belongs to somebody else, as in a container.
 */
export function trackedByGit(projectRoot: string, folder: string): ReadonlySet<string> | undefined {
  if (!isInRepository(projectRoot)) return new Set();
  const { status, stdout } = spawnSync("git", ["ls-files", "-z", "--", folder], {
    cwd: projectRoot,
    env: gitEnvironment(),
    encoding: "utf8",
    timeout: 10_000,
  });
  return status === 0 ? new Set(stdout.split("\0").filter(Boolean)) : undefined;
}

function isInRepository(folder: string): boolean {
  const above = dirname(folder);
  return existsSync(join(folder, ".git")) || (above !== folder && isInRepository(above));
}

/** What git is to be asked about: where a path leads, and the path itself unless that is behind a link, which git does not follow. */
function namesOf(projectRoot: string, path: string): string[] {
  if (!existsSync(resolve(projectRoot, path))) return [];
  const real = realPath(projectRoot, path);
  const folder = realPath(projectRoot, dirname(path));
  return [real, posix.join(folder, basename(path))];
}

function askGit(projectRoot: string, paths: readonly string[]): ReadonlySet<string> {
  if (paths.length === 0) return new Set();
  const { status, stdout } = spawnSync("git", ["check-ignore", "-z", "--stdin"], {
    cwd: projectRoot,
    env: gitEnvironment(),
    input: paths.join("\0"),
    encoding: "utf8",
    timeout: 10_000,
  });
  return new Set(status === 0 ? stdout.split("\0").filter(Boolean) : []);
}

/**
 * Returns the folder, from `folder` up to the project's root, that is a git repository of its own: commits of the project do not
 * contain its files. `crewai create` makes such folders. A submodule is none: its `.git` is a file.
 */
export function ownRepository(projectRoot: string, folder: string): string | undefined {
  for (let above = posix.normalize(folder); above !== "." && above !== "/"; above = posix.dirname(above)) {
    const git = statSync(join(projectRoot, above, ".git"), { throwIfNoEntry: false });
    if (git?.isDirectory()) return above;
  }
  return undefined;
}
