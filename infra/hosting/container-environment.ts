import type { StackConfig } from "../config.ts";
import { runsInRuntime } from "../declarations/index.ts";
import type { CrewToHost } from "./hosting.ts";

/** The port that every crew listens on in its container. */
export const CONTAINER_PORT = 8000;

/** Where a crew keeps its jobs. */
export const DATA_FOLDER = "/data";

/** What a load balancer asks: MIP-003 has every agent answer it, with 200 also before its identifier is known. */
export const HEALTH_PATH = "/availability";

/** Where the crew finds its identifier: a file, or a parameter in AWS Systems Manager. */
export type IdentityPlace = { readonly file: string } | { readonly ssmParameter: string };

export interface EnvironmentInput extends CrewToHost {
  readonly config: StackConfig;
  readonly identity: IdentityPlace;
  /** Longest job, and what a container gets to end its jobs when it is stopped; both in seconds. */
  readonly jobSeconds: number;
  readonly graceSeconds: number;
}

/** What a container is told, apart from its secrets; sorted, since another order would count as a change. */
export function containerEnvironment(input: EnvironmentInput): ReadonlyMap<string, string> {
  const { agent, config, identity, sellerVkey } = input;
  const environment: Record<string, string> = {
    ...(runsInRuntime(agent) ? { AGENT_DECLARATION: "/agent/crew.json" } : {}),
    ...("file" in identity
      ? { AGENT_IDENTITY_FILE: identity.file }
      : { IDENTITY_SSM_PARAMETER: identity.ssmParameter }),
    DATA_DIR: DATA_FOLDER,
    HOST: "0.0.0.0",
    JOB_TIMEOUT: String(input.jobSeconds),
    MODEL_API: config.modelApi ?? "",
    MODEL_NAME: agent.model.name ?? config.modelName,
    NETWORK: config.network,
    PAYMENT_SERVICE_URL: config.paymentServiceUrl,
    PORT: String(CONTAINER_PORT),
    SELLER_VKEY: sellerVkey,
    SHUTDOWN_GRACE: String(input.graceSeconds),
  };
  return new Map(Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * A container's secrets by the environment's names: the model's key, the key that takes payments and where jobs are kept, and
 * no other.
 */
export const secretEnvironment = ({
  modelKey,
  runtimeKey = "",
  databaseUrl,
}: StackConfig): Readonly<Record<string, string>> => ({
  ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
  // The runtime wants some key; a model that needs none takes any.
  MODEL_KEY: modelKey || "none",
  PAYMENT_KEY: runtimeKey,
});
