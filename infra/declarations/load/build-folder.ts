import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, statSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { type PathProblem, gitEnvironment, ignoredByGit, isInside, privateProblem } from "./repository.ts";

/**
 * Returns the files of a folder that a clone of the repository has, relative to it: so what is built here is what a pipeline
 * builds, and ignored files (for example keys) are not part of it. Without git, returns every file.
 */
export const filesInFolder = (folder: string): string[] => filesOfClone(folder) ?? filesOnDisk(folder);

/** What Python and its tools leave behind, and `.env`, which holds keys. */
const NO_CODE =
  /(^|\/)(__pycache__|\.[a-z]+_cache|[^/]+\.egg-info)\/|\.py[co]$|(^|\/)\.env(\.(?!example$|sample$)[^/]*)?$/;

/** Returns the files of a folder of Python code that the crew runtime gets: without virtual environments, caches and keys. */
export function codeInFolder(folder: string): string[] {
  const paths = filesInFolder(folder).map((path) => path.split(sep).join("/"));
  const environments = paths
    .filter((path) => posix.basename(path) === "pyvenv.cfg")
    .map((path) => `${posix.dirname(path)}/`);
  return paths.filter(
    (path) => !NO_CODE.test(path) && !environments.some((environment) => path.startsWith(environment)),
  );
}

function filesOfClone(folder: string): string[] | undefined {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout } = spawnSync("git", args, {
    cwd: folder,
    env: gitEnvironment(),
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) return undefined;
  const isThere = (path: string) => lstatSync(join(folder, path), { throwIfNoEntry: false });
  return [...new Set(stdout.split("\0").filter(Boolean))].filter(isThere);
}

/** Follows no link: one to a folder above would never end. */
const filesOnDisk = (folder: string, below = ""): string[] =>
  readdirSync(join(folder, below), { withFileTypes: true })
    .filter(({ name }) => !/^\.(git|masumi)$/i.test(name))
    .flatMap((entry) => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? filesOnDisk(folder, path) : [path];
    });

/**
 * Returns why a folder cannot be built as a clone has it, beginning with what it cannot do without.
 *
 * @param indispensable a file on this machine without which a clone could not be built
 */
export function folderProblems(
  projectRoot: string,
  folder: string,
  files: readonly string[],
  indispensable: string | undefined,
): PathProblem[] {
  const links = files.filter((path) => isLink(join(projectRoot, folder, path)));
  const ignored = ignoredByGit(
    projectRoot,
    links.map((path) => join(folder, path)).filter((path) => isInside(join(projectRoot, path), projectRoot)),
  );
  return [
    indispensable === undefined ? undefined : ignoredProblem(folder, files, indispensable),
    ...files.map(
      (path) => fileProblem(projectRoot, folder, path) ?? linkProblem(join(folder, path), ignored),
    ),
  ].filter((problem) => problem !== undefined);
}

const isLink = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

const linkProblem = (path: string, ignored: ReadonlySet<string>): PathProblem | undefined =>
  ignored.has(path)
    ? {
        message: `"${posix.normalize(path.split(sep).join("/"))}" is a link to something that git ignores`,
        remedy: "put the file itself there",
      }
    : undefined;

/** Returns why a file of a folder cannot be built into an image; undefined if it can. */
function fileProblem(projectRoot: string, folder: string, path: string): PathProblem | undefined {
  const full = join(projectRoot, folder, path);
  const shown = posix.normalize(join(folder, path).split(sep).join("/"));
  if (!isInside(full, projectRoot)) {
    return {
      message: `"${shown}" is a broken link, or a link to something outside the repository`,
      remedy: "put the file itself there",
    };
  }
  const problem = privateProblem(projectRoot, shown);
  if (problem) return problem;
  if (statSync(full).isFile()) return undefined;
  return {
    message: `"${shown}" is not a file: links to folders, submodules and sockets cannot be part of an image`,
    remedy: "put the files themselves there",
  };
}

/** Returns why a file without which nothing can be built is not among those of a folder; undefined if it is. */
function ignoredProblem(
  folder: string,
  files: readonly string[],
  indispensable: string,
): PathProblem | undefined {
  if (files.includes(indispensable)) return undefined;
  return {
    message: `git ignores the ${indispensable} in ${posix.normalize(folder)}, so clones would not have it`,
    remedy: "add it to the repository",
  };
}
