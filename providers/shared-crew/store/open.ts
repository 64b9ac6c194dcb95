import { SharedCrewError } from "../errors.ts";
import type { AgentStore, Place } from "./agent-store.ts";
import { bucketStore } from "./bucket.ts";
import { dockerStore } from "./docker.ts";
import { folderStore } from "./folder.ts";

/** An agent's id, and the path of a file: what a state says must lead nowhere else. */
const SAFE_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const SAFE_PATH = /^(?!\/)(?!(.*\/)?\.\.?(\/|$))[^\0]+$/;

/**
 * Returns the files of an agent.
 *
 * @throws SharedCrewError SHARED_AGENT_ELSEWHERE if the id or a path would lead elsewhere
 */
export function openStore(place: Place, agentId: string): AgentStore {
  if (!SAFE_ID.test(agentId)) throw elsewhere(`"${agentId}" is no agent's id`);
  const store = storeOf(place, agentId);
  const checked = (path: string) => {
    if (!SAFE_PATH.test(path)) throw elsewhere(`"${path}" is no file of ${agentId}`);
    return path;
  };
  return {
    async write(files) {
      files.forEach(({ path }) => checked(path));
      await store.write(files);
    },
    read: async (path) => store.read(checked(path)),
    remove: async (paths) => store.remove(paths.map(checked)),
    removeAgent: async (paths) => store.removeAgent(paths.map(checked)),
  };
}

function storeOf(place: Place, agentId: string): AgentStore {
  if (place.kind === "folder") return folderStore(place, agentId);
  return place.kind === "docker" ? dockerStore(place, agentId) : bucketStore(place, agentId);
}

const elsewhere = (what: string) =>
  new SharedCrewError(
    "SHARED_AGENT_ELSEWHERE",
    `${what}, so nothing was written.`,
    "The state was changed by hand, or by another program: restore it from its history.",
  );
