import { z } from "zod";
import { isLoopbackUrl } from "../../../providers/common/loopback.ts";
import type { SettingsOfHosting } from "../kind.ts";
import { platform } from "../platform.ts";

/** masumi:docker. */
const schema = z.strictObject({
  /** The engine, as in DOCKER_HOST; default DOCKER_HOST, else this machine's. */
  host: z
    .string()
    .regex(
      /^(unix:\/\/\/|ssh:\/\/|tcp:\/\/)./,
      "expected the address of a Docker engine, for example ssh://deploy@agents.example.com",
    )
    .exactOptional(),
  /** The address of the engine's machine that containers' ports are bound to. */
  bind: z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address" }).default("127.0.0.1"),
  /** What the public reaches; {port} and {id} are each agent's own. */
  url: z
    .string()
    .regex(/^https?:\/\/[^\s]*[^\s/]$/, "expected a URL without a trailing slash")
    .regex(/\{(port|id)\}/, "expected {port} or {id} in it, because agents cannot share one URL")
    .default("http://127.0.0.1:{port}"),
  /** What images are built for; default this machine's kind, and linux/amd64 for an engine elsewhere. */
  platform: platform.exactOptional(),
});

export type DockerSettings = z.output<typeof schema>;

export const dockerSettings: SettingsOfHosting<typeof schema, DockerSettings> = {
  schema,
  example: '{ url: "https://{id}.agents.example.com" }',
  complete: (settings) => settings,
};

/** Whether an engine's address leads to another machine. */
export const isOnAnotherMachine = (host: string | undefined): boolean =>
  host !== undefined &&
  !host.startsWith("unix:") &&
  !(host.startsWith("tcp:") && isLoopbackUrl(asHttp(host)));

/** Of schemes that it does not know, URL takes the host name as it is written. */
const asHttp = (host: string) => host.replace(/^tcp:/, "http:");
