import {
  CrewIdentity,
  CrewProcess,
  crewHome,
  crewUrl,
  identityFile,
  reservePort,
} from "../../providers/crew-process/index.ts";
import { agentFiles, placeFiles } from "../components/agent-files.ts";
import { portsFile } from "./expected-url.ts";
import type { HostedCrew, Hosting, HostingContext } from "./hosting.ts";

/** Crews as processes on this machine, each on a reserved port of 127.0.0.1, so the URL is known in every preview. */
export function processHosting({ config, projectRoot }: HostingContext): Hosting {
  const { modelApi = "", modelKey = "", modelName } = config;
  return {
    host({ agent }, options): HostedCrew {
      const port = reservePort(portsFile(projectRoot), agent.id);
      const files = agentFiles(projectRoot, config.network, agent);
      placeFiles(crewHome(projectRoot, agent.id), files);
      const crew = new CrewProcess(
        agent.id,
        {
          agentId: agent.id,
          projectRoot,
          port,
          declaration: files.declaration,
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
