import {
  CrewIdentity,
  CrewProcess,
  crewHome,
  crewUrl,
  identityFile,
  reservePort,
} from "../../providers/crew-process/index.ts";
import type { Agent } from "../declarations/index.ts";
import { portsFile } from "./expected-url.ts";
import type { HostedCrew, Hosting, HostingContext } from "./hosting.ts";

/** What the crew runtime is told about its agent; what only the registry needs is left out, so it restarts nothing. */
function crewDeclaration(agent: Agent, network: string): string {
  if (agent.source.kind !== "inline") throw new Error(`${agent.id}: a process runs inline crews only`);
  const { id, name, description, pricing, input, model, exampleOutputs } = agent;
  return JSON.stringify({
    id,
    name,
    description,
    network,
    pricing,
    input,
    crew: agent.source.crew,
    model,
    exampleOutputs,
  });
}

/** Crews as processes on this machine, each on a reserved port of 127.0.0.1, so the URL is known in every preview. */
export function processHosting({ config, projectRoot }: HostingContext): Hosting {
  const { modelApi = "", modelKey = "", modelName } = config;
  return {
    host(agent, options): HostedCrew {
      const port = reservePort(portsFile(projectRoot), agent.id);
      const crew = new CrewProcess(
        agent.id,
        {
          agentId: agent.id,
          projectRoot,
          port,
          declaration: crewDeclaration(agent, config.network),
          model: { api: modelApi, name: agent.model.name ?? modelName },
          modelKey: modelKey || "none",
        },
        options,
      );
      return {
        url: crewUrl(port),
        ready: [crew],
        publishIdentifier(agentIdentifier, identityOptions) {
          const file = identityFile(crewHome(projectRoot, agent.id));
          void new CrewIdentity(agent.id, { file, agentIdentifier }, identityOptions);
        },
      };
    },
  };
}
