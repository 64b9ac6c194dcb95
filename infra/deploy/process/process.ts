import * as pulumi from "@pulumi/pulumi";
import { isLoopbackUrl } from "../../../providers/common/loopback.ts";
import { CrewIdentity, CrewProcess } from "../../../providers/crew-process/index.ts";
import {
  type CrewPayments,
  crewHome,
  crewUrl,
  identityFile,
  recordedCrews,
  reservePorts,
} from "../../../providers/crew-process/local/index.ts";
import { agentFiles, placeFiles } from "../../crews/agent-files.ts";
import { crewSecrets, runtimeLimits, tracesEnvironment } from "../../crews/environment.ts";
import type { StackConfig } from "../../config.ts";
import { hostedBy } from "../../declarations/index.ts";
import { separateStack } from "../../../providers/common/local-stack.js";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import type { HostedCrew, HostingFactory } from "../hosting.ts";

/** Runs crews as processes on this machine, each on a reserved port of 127.0.0.1, so every preview knows the URL. */
export const hosting: HostingFactory = async ({ config, projectRoot, agents }) => {
  const { modelApi = "", modelName } = config;
  const stack = separateStack(config.stack);
  const dead = new Set(recordedCrews(projectRoot).flatMap(({ home, isAlive }) => (isAlive ? [] : [home])));
  const ids = hostedBy("process", agents).map(({ id }) => id);
  const ports = await reservePorts(projectRoot, ids, stack);
  return {
    host({ agent, wallet }, options): HostedCrew {
      const port = ports.get(agent.id);
      if (port === undefined) throw new Error(`no port is reserved for ${agent.id}`);
      const home = crewHome(projectRoot, agent.id, stack);
      const secrets = crewSecrets(agent, config, { needsDocumentsKey: false });
      const paymentKey = secrets.get("PAYMENT_KEY")?.value;
      const tracesHeaders = secrets.get("TRACES_HEADERS")?.value;
      const files = agentFiles(projectRoot, config.network, agent);
      placeFiles(projectRoot, home, files);
      const crew = new CrewProcess(
        agent.id,
        {
          agentId: agent.id,
          projectRoot,
          ...(stack === undefined ? {} : { stack }),
          port,
          declaration: files.declaration,
          ...(files.packages ? { packages: files.packages.folder } : {}),
          model: { api: modelApi, name: agent.model.name ?? modelName },
          modelKey: secrets.get("MODEL_KEY")?.value ?? "none",
          ...(tracesHeaders === undefined ? {} : { tracesHeaders }),
          limits: { ...runtimeLimits(config), ...tracesEnvironment(config) },
          ...(paymentKey ? { payments: paymentsOf(config, wallet), paymentKey } : {}),
        },
        options,
      );
      if (dead.has(home)) {
        void pulumi.log.warn(`The crew of ${agent.id} is not running; up starts it again.`, crew);
      }
      return {
        url: crewUrl(port),
        ready: [crew],
        publishIdentity(identity, identityOptions) {
          const file = identityFile(home);
          void new CrewIdentity(agent.id, { file, ...identity }, identityOptions);
        },
      };
    },
  };
};

/** Returns the seconds between two polls of a payment service. */
export const pollSeconds = (paymentServiceUrl: string): number =>
  isLoopbackUrl(paymentServiceUrl) ? LOCAL_POLL_SECONDS : POLL_SECONDS;

/** Polling a payment service on this machine costs nothing, and its chain may be faster than any real one. */
const LOCAL_POLL_SECONDS = 0.5;
const POLL_SECONDS = 10;

function paymentsOf(
  { paymentServiceUrl, network }: StackConfig,
  { vkey, type }: CrewToHost["wallet"],
): CrewPayments {
  return {
    service: paymentServiceUrl,
    network,
    sellerVkey: vkey,
    sourceType: type,
    pollSeconds: pollSeconds(paymentServiceUrl),
  };
}
