import { join } from "node:path";
import { crewUrl, reservedPort } from "../../providers/crew-process/index.ts";
import type { Agent } from "../declarations/index.ts";

/** The file that keeps the ports of a project's crews. */
export const portsFile = (projectRoot: string): string => join(projectRoot, ".masumi", "ports.json");

/** Where an agent will be reached, as far as that is known without hosting it. */
export function expectedUrl(projectRoot: string, agent: Agent): string | undefined {
  if (agent.source.kind === "url") return agent.source.url;
  const port = reservedPort(portsFile(projectRoot), agent.id);
  return port === undefined ? undefined : crewUrl(port);
}
