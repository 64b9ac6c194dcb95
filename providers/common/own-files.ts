import { existsSync } from "node:fs";
import { extname, join, resolve } from "node:path";

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

/** Returns the folder of the crew runtime: this package's, unless the project brings one of its own, as the repository does. */
export function crewFolder(projectRoot: string): string {
  const own = join(projectRoot, "crew");
  return existsSync(join(own, "src/crew_runtime")) ? own : join(PACKAGE_ROOT, "crew");
}
