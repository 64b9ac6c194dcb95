import { join } from "node:path";
import { crewUrl, reservedPort } from "../../providers/crew-process/local/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { dockerPorts, dockerUrl } from "./docker/url.ts";

/** The file that keeps the ports of a project's crews. */
export const portsFile = (projectRoot: string): string => join(projectRoot, ".masumi", "ports.json");

/** What URLs follow from. */
export interface UrlContext {
  readonly config: Pick<StackConfig, "aws" | "docker">;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** All agents of the stack. */
  readonly agents: readonly Agent[];
}

/** ecs-alb: a host name for each agent. */
export const albUrl = (domain: string, id: string): string => `https://${id}.${domain}`;

/** Tells where an agent will be reached, as far as that is known without hosting it. */
export function expectedUrls({
  config,
  projectRoot,
  agents,
}: UrlContext): (agent: Agent) => string | undefined {
  const ports = dockerPorts(agents);
  return ({ id, hosting, source }) => {
    if (source.kind === "url") return source.url;
    if (hosting === "docker") {
      const port = ports.get(id);
      return port === undefined ? undefined : dockerUrl(config.docker, id, port);
    }
    if (hosting === "ecs-alb") return config.aws.domain && albUrl(config.aws.domain, id);
    // AWS makes up the host name of an Express service when it makes the service.
    if (hosting === "ecs-express") return undefined;
    const port = reservedPort(portsFile(projectRoot), id);
    return port === undefined ? undefined : crewUrl(port);
  };
}
