import type { HostingTraits } from "../kind.ts";
import { containerName } from "./names.ts";
import { repeatedNumbers } from "../stable-numbers.ts";
import { type DockerSettings, isOnAnotherMachine } from "./settings.ts";
import { dockerPorts, dockerUrl } from "./url.ts";

/** For how many networks an engine has addresses by default, one of them its own. */
const NETWORKS = 30;

/** Runs crews as containers in one Docker engine. */
export const dockerTraits: HostingTraits<{ readonly docker: DockerSettings }> = {
  module: "docker/docker",
  packages: ["@pulumi/docker"],
  runsImages: true,
  confinesContainers: true,
  instances: "one",
  sizes: [],
  readsLocalFiles: false,
  losesPaidJobs: false,
  needsDocumentsKey: () => true,
  dockerEngine: { address: ({ docker }) => docker.host ?? "", runsCrews: true },
  settingsProblems({ docker: { host, url, ports } }) {
    const problems = repeatedNumbers("masumi:docker.ports", ports);
    if (!isOnAnotherMachine(host)) return problems;
    if (url.startsWith("http://127.0.0.1:")) {
      problems.push(
        "masumi:docker.url is missing: the engine is on another machine, so set the agents' public URL, for example " +
          "https://{id}.agents.example.com",
      );
    }
    if (host?.startsWith("tcp:")) {
      problems.push(
        "masumi:docker.host: anyone who can reach a Docker engine over plain TCP controls it; use ssh://user@machine",
      );
    }
    return problems;
  },
  countWarnings: (count) =>
    count <= NETWORKS
      ? []
      : [
          `${count} agents need a Docker network each, and an engine has room for about ${NETWORKS} unless it is told ` +
            "otherwise: set default-address-pools in its daemon.json.",
        ],
  urls({ settings, ids, scope, registered }) {
    const ports = dockerPorts({ settings: settings.docker, ids, scope, registered });
    return (id) => {
      const port = ports.get(id);
      return port === undefined ? undefined : dockerUrl(settings.docker, id, port);
    };
  },
  logs:
    ({ settings: { docker }, project, stack }) =>
    (id) => ({
      kind: "docker",
      container: containerName(project, stack, id),
      ...(docker.host === undefined ? {} : { host: docker.host }),
    }),
};
