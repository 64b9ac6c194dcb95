import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { crewFolder } from "../../common/own-files.ts";
import { stackFolder } from "../../common/local-stack.js";

export { crewFolder };

/* Where a project's crews keep their files on this machine, and their URLs. A stack is named where its crews may be apart from those of others. */

const localFolder = (projectRoot: string) => join(projectRoot, ".masumi");
export const crewHome = (projectRoot: string, agentId: string, stack?: string): string =>
  join(localFolder(projectRoot), stackFolder(stack), "crews", agentId);
/** Returns patterns of what is in the homes of all crews of a project. */
export const inCrewHomes = (projectRoot: string, path: string): string[] =>
  ["crews/*", "stacks/*/crews/*"].map((homes) => join(localFolder(projectRoot), homes, path));
/** Returns where an agent that is tried has its files; apart from its crew's, which may serve an older version meanwhile. */
export const tryHome = (projectRoot: string, agentId: string): string =>
  join(localFolder(projectRoot), "try", agentId);
/** The shared crew service's name where agents' ids are names, too. It begins with an underscore, so no agent has it as its id. */
export const SHARED_SERVICE = "_shared";
/** Returns the folder with the agents of the shared crew service. */
export const sharedAgentsFolder = (projectRoot: string, stack?: string): string =>
  join(crewHome(projectRoot, SHARED_SERVICE, stack), "agents");
/** Returns the folder in which files of an agent are laid out for those who take them from there, relative to the project's. */
export const buildFolder = (name: string, stack?: string): string =>
  posix.join(".masumi", stackFolder(stack), "build", name);
/** Returns the folder with a folder for each version of an agent's declaration that the service does jobs by. */
export const sharedVersionsFolder = (projectRoot: string, agentId: string, stack?: string): string =>
  join(crewHome(projectRoot, SHARED_SERVICE, stack), "data/hosted", agentId, "declared");
export const crewVenv = (projectRoot: string): string => join(localFolder(projectRoot), "venv");
/** Returns the folder of the packages that crews bring, one folder a lock. */
export const packagesFolder = (projectRoot: string): string => join(localFolder(projectRoot), "packages");
/** Returns the folder of the same as archives, for crews that run in containers. */
export const packedFolder = (projectRoot: string): string => join(localFolder(projectRoot), "packed");
/** Returns the file that records the ports of a project's crews. */
export const portsFile = (projectRoot: string): string => join(localFolder(projectRoot), "ports.json");
export const crewUrl = (port: number): string => `http://127.0.0.1:${port}`;

/** Returns a digest of everything that makes up the crew runtime. */
export function runtimeDigest(projectRoot: string): string {
  const folder = crewFolder(projectRoot);
  const hash = createHash("sha256");
  for (const file of [...globSync("src/**/*.py", { cwd: folder }).toSorted(), "pyproject.toml", "uv.lock"]) {
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(folder, file)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}
