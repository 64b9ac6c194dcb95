import { stableNumbers } from "../stable-numbers.ts";
import type { DockerSettings } from "./settings.ts";

/** Below the ports that systems give out by themselves, and apart from those of crews that run as processes. */
const PORTS = { first: 10_000, count: 10_000 };

/** The port of each agent in a Docker engine, by agent id. It is part of the URL, so it must not depend on a machine. */
export const dockerPorts = (ids: readonly string[]): ReadonlyMap<string, number> => stableNumbers(ids, PORTS);

/** Where the public reaches an agent in a Docker engine: masumi:docker.url, filled in. */
export const dockerUrl = ({ url }: DockerSettings, id: string, port: number): string =>
  url.replaceAll("{id}", id).replaceAll("{port}", String(port));
