import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { isOwnProject, sharedAgentsFolder } from "../../crew-process/local/index.ts";
import { SharedCrewError } from "../errors.ts";
import { type AgentStore, DECLARATION, type FolderPlace } from "./agent-store.ts";

/** An agent's files on this machine. Another clone's, which an old state may name, are neither written nor removed. */
export function folderStore({ projectRoot, stack }: FolderPlace, agentId: string): AgentStore {
  const folder = join(sharedAgentsFolder(projectRoot, stack), agentId);
  return {
    async write(files) {
      if (!isOwnProject(projectRoot)) throw ofAnotherClone(folder);
      for (const { path, content } of files) {
        const file = join(folder, path);
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        writeAtomicallySync(file, content, 0o600);
      }
    },
    async read(path) {
      const file = join(folder, path);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
    async remove(paths) {
      if (!isOwnProject(projectRoot)) return;
      for (const path of paths) rmSync(join(folder, path), { force: true });
    },
    async removeAgent() {
      if (!isOwnProject(projectRoot)) return;
      rmSync(join(folder, DECLARATION), { force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ofAnotherClone = (folder: string) =>
  new SharedCrewError(
    "SHARED_AGENT_ELSEWHERE",
    `${folder} is not where an agent of this project has its files, so nothing was written.`,
    "Run up in the project's own folder; if the state was copied from another clone, run refresh first.",
  );
