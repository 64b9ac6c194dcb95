import { z } from "zod";
import { isLoopbackUrl } from "../../../providers/common/loopback.ts";
import type { SettingsOfHosting } from "../kind.ts";
import { platform } from "../platform.ts";

/** masumi:docker. */
const schema = z.strictObject({
  /** The engine, as in DOCKER_HOST. Default: DOCKER_HOST, otherwise this machine's engine. */
  host: z
    .string()
    .regex(
      /^(unix:\/\/\/|ssh:\/\/|tcp:\/\/)./,
      "expected the address of a Docker engine, for example ssh://deploy@agents.example.com",
    )
    .exactOptional(),
  /** The address on the engine's machine that containers' ports are bound to. */
  bind: z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address" }).default("127.0.0.1"),
  /** The agents' public URL; {port} and {id} are replaced for each agent. */
  url: z
    .string()
    .regex(/^https?:\/\/[^\s]*[^\s/]$/, "expected a URL without a trailing slash")
    .regex(/\{(port|id)\}/, "expected {port} or {id} in it, because agents cannot share one URL")
    .default("http://127.0.0.1:{port}"),
  /** Ports of single agents, by id. Default: a port derived from stack and id. */
  ports: z.record(z.string(), z.int().min(1).max(65_535, "expected a port, 1 to 65535")).default({}),
  /** Proxies in front of crews that add to X-Forwarded-For; without them, all that come through a proxy are one client. */
  proxyHops: z.int().min(0).max(8).default(0),
  /** The platform that images are built for. Default: this machine's, or linux/amd64 for an engine on another machine. */
  platform: platform.exactOptional(),
});

export type DockerSettings = z.output<typeof schema>;

export const dockerSettings: SettingsOfHosting<typeof schema, DockerSettings> = {
  schema,
  example: '{ url: "https://{id}.agents.example.com" }',
  complete: (settings) => settings,
};

/** Returns whether an engine is on another machine. */
export const isOnAnotherMachine = (host: string | undefined): boolean =>
  host !== undefined &&
  !host.startsWith("unix:") &&
  !(host.startsWith("tcp:") && isLoopbackUrl(asHttp(host)));

/** URL parses the host names of unknown schemes as they are written, without normalising them. */
const asHttp = (host: string) => host.replace(/^tcp:/, "http:");
