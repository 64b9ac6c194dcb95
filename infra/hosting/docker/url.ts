import { agentNumbers } from "../stable-numbers.ts";
import type { DockerSettings } from "./settings.ts";

/** Below the operating systems' ephemeral ports, and apart from the ports of crews that run as processes. */
export const DOCKER_PORTS = { first: 10_000, count: 10_000 };

export interface DockerAgents {
  readonly settings: DockerSettings;
  readonly ids: readonly string[];
  /** What distinguishes this stack from others that use the same engine. */
  readonly scope: readonly string[];
  /** The URLs that agents are registered with, by agent id. */
  readonly registered: ReadonlyMap<string, string>;
}

/**
 * Returns the port of each agent in a Docker engine, by agent id: the one in masumi:docker.ports, otherwise the one in the
 * URL that it is registered with, otherwise one derived from stack and id. It must not depend on the machine, because it is
 * part of the URL.
 */
export function dockerPorts({ settings, ids, scope, registered }: DockerAgents): ReadonlyMap<string, number> {
  const settled = new Map(Object.entries(settings.ports));
  for (const id of ids) {
    const port = portIn(settings, id, registered.get(id));
    if (port !== undefined && !settled.has(id) && ![...settled.values()].includes(port))
      settled.set(id, port);
  }
  return agentNumbers({ ids, range: DOCKER_PORTS, scope, settled, living: registered });
}

/** Returns whether the stack's URLs contain ports, so that a registration tells the port of its agent. */
export const showsPorts = ({ url }: DockerSettings): boolean => url.includes("{port}");

/** Returns the port in an agent's URL, if that is masumi:docker.url, filled in. */
function portIn({ url }: DockerSettings, id: string, registered: string | undefined): number | undefined {
  const [before = "", ...after] = url.replaceAll("{id}", id).split("{port}");
  if (registered === undefined || after.length === 0 || !registered.startsWith(before)) return undefined;
  const port = Number(/^\d{1,5}/.exec(registered.slice(before.length))?.[0]);
  return port >= 1 && port <= 65_535 && [before, ...after].join(String(port)) === registered
    ? port
    : undefined;
}

/** Returns the public URL of an agent in a Docker engine: masumi:docker.url, filled in. */
export const dockerUrl = ({ url }: DockerSettings, id: string, port: number): string =>
  url.replaceAll("{id}", id).replaceAll("{port}", String(port));
