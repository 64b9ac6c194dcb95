import { posix } from "node:path";
import { type EngineAnswer, askEngine } from "../../docker/engine.ts";
import { runInContainer } from "../../docker/exec.ts";
import { type TarEntry, pack, unpackFile } from "../../docker/tar.ts";
import { SharedCrewError } from "../errors.ts";
import { type AgentStore, DECLARATION, type Place } from "./agent-store.ts";

type DockerPlace = Extract<Place, { readonly kind: "docker" }>;

/** Who holds the keys in the crew runtime's image (crew/Dockerfile), by uid and gid. */
const RUNTIME_USER = 10_001;

const GONE = 404;

/** An agent's files on the volume of a container, through the engine's API, so the engine may be on any machine. */
export function dockerStore(place: DockerPlace, agentId: string): AgentStore {
  const { host, container, folder } = place;
  const root = posix.dirname(folder);
  const home = posix.join(posix.basename(folder), agentId);
  const inside = (path: string) => posix.join(folder, agentId, path);
  const archive = (path: string) =>
    `/containers/${encodeURIComponent(container)}/archive?path=${encodeURIComponent(path)}`;
  const run = (...command: string[]) =>
    runInContainer(host, { container, user: `${RUNTIME_USER}:${RUNTIME_USER}`, command });
  return {
    async write(files) {
      // An archive each: the next file must not come if one was refused.
      for (const { path, content } of files) {
        const name = posix.join(home, path);
        const body = pack([...foldersOf(name), { name, content, mode: 0o600 }], RUNTIME_USER);
        const answer = await askEngine(host, { method: "PUT", path: archive(root), body });
        if (answer.status >= 300) throw refused(place, `to store ${path} of ${agentId}`, answer);
      }
    },
    async read(path) {
      const answer = await askEngine(host, { method: "GET", path: archive(inside(path)) });
      if (answer.status === GONE) return undefined;
      if (answer.status >= 300) throw refused(place, `to show ${path} of ${agentId}`, answer);
      return unpackFile(answer.body);
    },
    async remove(paths) {
      if (paths.length > 0) await run("rm", "-f", "--", ...paths.map(inside));
    },
    async removeAgent() {
      await run("rm", "-f", "--", inside(DECLARATION));
      await run("rm", "-rf", "--", inside(""));
    },
  };
}

/** Returns the folders that a file is in, outermost first. They are closed to jobs, which are other users. */
function foldersOf(path: string): TarEntry[] {
  const parts = posix.dirname(path).split("/");
  return parts.map((_, index) => ({ name: `${parts.slice(0, index + 1).join("/")}/`, mode: 0o700 }));
}

const refused = ({ container }: DockerPlace, request: string, { status, body }: EngineAnswer) =>
  new SharedCrewError(
    "SHARED_STORE_REFUSED",
    `The Docker engine refused ${request} in the container ${container}: ${status} ${body.toString().trim()}.`,
    status === GONE
      ? "Run refresh, then up: the container is created again."
      : "Fix the problem it reports, then run again.",
  );
