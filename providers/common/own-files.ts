import { existsSync } from "node:fs";
import { extname, isAbsolute, join, relative, resolve } from "node:path";

/** The folder of this package, which need not be in the project that uses it. */
export const PACKAGE_ROOT = resolve(import.meta.dirname, "../..");

/**
 * Returns the file of a program of this package, to start it with Node: TypeScript in the repository, JavaScript where the package is
 * installed.
 *
 * @param path from the package's folder, without its ending
 * @example ownProgram("local/sandbox/main")
 */
export const ownProgram = (path: string): string =>
  join(PACKAGE_ROOT, `${path}${extname(import.meta.filename)}`);

/**
 * Returns a file of this package as a command in a folder would name it: from there on if it is below the folder, else in full.
 *
 * @param path from the package's folder
 * @example ownFile("portal/sql/0001_agents.sql") // node_modules/masumi-agents/portal/sql/0001_agents.sql
 */
export function ownFile(path: string, from: string = process.cwd(), root: string = PACKAGE_ROOT): string {
  const file = join(root, path);
  const below = relative(from, file);
  return below.startsWith("..") || isAbsolute(below) ? file : below;
}

/** Returns the folder of the crew runtime: this package's, unless the project brings one of its own, as the repository does. */
export function crewFolder(projectRoot: string): string {
  const own = join(projectRoot, "crew");
  return existsSync(join(own, "src/crew_runtime")) ? own : join(PACKAGE_ROOT, "crew");
}
