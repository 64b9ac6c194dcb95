import { stableNumbers } from "../stable-numbers.ts";
import type { DockerSettings } from "./settings.ts";

/** Below the operating systems' ephemeral ports, and apart from the ports of crews that run as processes. */
const PORTS = { first: 10_000, count: 10_000 };

/** Returns the port of each agent in a Docker engine, by agent id. It is part of the URL, so it must not depend on the machine. */
export const dockerPorts = (ids: readonly string[]): ReadonlyMap<string, number> => stableNumbers(ids, PORTS);

/** Returns the public URL of an agent in a Docker engine: masumi:docker.url, filled in. */
export const dockerUrl = ({ url }: DockerSettings, id: string, port: number): string =>
  url.replaceAll("{id}", id).replaceAll("{port}", String(port));
