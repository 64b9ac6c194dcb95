import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from "node:path";
import { isInside } from "./read.ts";

export interface PathProblem {
  readonly message: string;
  readonly remedy: string;
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
  const isFolder = statSync(full).isDirectory();
  if (isFolder === (wanted === "folder")) return undefined;
  return isFolder
    ? { message: `"${path}" is a folder`, remedy: "list its files one by one" }
    : { message: `"${path}" is a file`, remedy: "name the folder that contains it" };
}

/** Variables of a surrounding git command, for example a hook, that would point git at another repository. */
const GIT_LOCATION = /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY)$/;

/** Returns an environment in which git looks at the repository that it is run in. */
export const gitEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !GIT_LOCATION.test(name)));

/** Returns which of these paths git ignores, so clones do not have them; none if there is no git or no repository. */
export function ignoredByGit(projectRoot: string, paths: readonly string[]): ReadonlySet<string> {
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
