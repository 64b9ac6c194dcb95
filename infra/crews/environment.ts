import type * as pulumi from "@pulumi/pulumi";
import { type StackConfig, keyOf } from "../config.ts";
import { hasKey, hasOwnKey } from "../hosting/agent-keys.ts";
import { neededSecrets, runsInRuntime } from "../declarations/index.ts";
import type { Agent } from "../declarations/index.ts";
import { boundedName } from "../hosting/names.ts";
import type { CrewToHost } from "./crew-to-host.ts";

/** The port that every crew listens on in its container. */
export const CONTAINER_PORT = 8000;

/** The port of a crew's metrics, open to its own network but not to the load balancer. */
const INTERNAL_PORT = 9090;

/** PostgreSQL truncates longer names. */
const POSTGRES_NAME = 63;

/** What the crew runtime reckons with unless it is told otherwise (crew/README.md): how long buyers may take to pay, in seconds. */
const PAY_WITHIN = 1800;

/** The same until a result must be on the chain. */
const SUBMIT_WITHIN = 43_200;

/** What a job that is paid at the last moment needs beside its own time, until its result's hash is on the chain. */
const SUBMIT_MARGIN = 1200;

/**
 * Returns when a paid job's result is due, in seconds after its start: a job must be allowed to take as long as the stack
 * says. Undefined if the runtime's own value is enough.
 */
export function submitWithin(jobSeconds: number): number | undefined {
  const needed = PAY_WITHIN + jobSeconds + SUBMIT_MARGIN;
  return needed > SUBMIT_WITHIN ? needed : undefined;
}

/** Where a crew keeps its jobs. */
export const DATA_FOLDER = "/data";

/** The load balancer's health check: MIP-003 requires every agent to answer it, with 200 even before its identifier is known. */
export const HEALTH_PATH = "/availability";

/** Where the crew finds its identifier: a file, or a parameter in AWS Systems Manager. */
export type IdentityPlace = { readonly file: string } | { readonly ssmParameter: string };

/** What an agent's variables depend on, wherever it runs. */
export interface AgentEnvironmentInput extends CrewToHost {
  readonly config: StackConfig;
  /** The longest job, in seconds. */
  readonly jobSeconds: number;
  /** Variables that say where to find documents that are not in the image. */
  readonly documents: Readonly<Record<string, string>>;
}

/** What a container's own variables depend on. */
export interface ContainerInput {
  /** The time that a stopped container gets to finish its jobs, in seconds. */
  readonly graceSeconds: number;
  /** The proxies in front, whose word about a client's address is believed. */
  readonly proxyHops: number;
  /** Where customers reach the crew runtime; absent where only the started container's hosting knows. */
  readonly publicUrl?: string;
}

export interface EnvironmentInput extends AgentEnvironmentInput, ContainerInput {
  readonly identity: IdentityPlace;
}

/**
 * Returns an agent's schema in a database that several agents and stacks may share, and the role that owns it; both survive
 * renaming the stack.
 */
export const schemaOf = (
  { id }: Pick<Agent, "id">,
  { owner, network }: Pick<StackConfig, "owner" | "network">,
) => boundedName(POSTGRES_NAME, id, owner, network);

/** Returns what a stack lets its crews keep, use and take on, as variables; the runtime has values of its own for the others. */
export function runtimeLimits({
  dailyTokens,
  keepDays,
  limits: { startRate, requestRate, maxPerClient },
}: Pick<StackConfig, "dailyTokens" | "keepDays" | "limits">): Readonly<Record<string, string>> {
  const limits = {
    DAILY_TOKENS: dailyTokens,
    KEEP_DAYS: keepDays,
    MAX_PER_CLIENT: maxPerClient,
    REQUEST_RATE: requestRate,
    START_RATE: startRate,
  };
  return Object.fromEntries(
    Object.entries(limits).flatMap(([name, limit]) => (limit === undefined ? [] : [[name, String(limit)]])),
  );
}

/** Returns where the process of a crew runtime sends traces, whichever agents it serves. */
export const tracesEnvironment = ({
  traces,
}: Pick<StackConfig, "traces">): Readonly<Record<string, string>> =>
  traces
    ? {
        TRACES_ENDPOINT: traces.endpoint,
        ...(traces.captureMessageContent ? { TRACES_MESSAGE_CONTENT: "1" } : {}),
      }
    : {};

/** Returns the secrets of the process of a crew runtime by variable, whichever agents it serves. */
export const runtimeSecrets = ({
  tracesHeaders,
}: Pick<StackConfig, "tracesHeaders">): Readonly<Record<string, string>> =>
  tracesHeaders === undefined ? {} : { TRACES_HEADERS: tracesHeaders };

/** Returns an agent's environment without its secrets: what concerns this agent alone. */
export function agentEnvironment({
  agent,
  wallet,
  config,
  jobSeconds,
  documents,
}: AgentEnvironmentInput): Readonly<Record<string, string>> {
  const dueAfter = submitWithin(jobSeconds);
  return {
    ...databaseEnvironment(agent, config),
    ...documents,
    ...runtimeLimits(config),
    JOB_TIMEOUT: String(jobSeconds),
    MODEL_API: config.modelApi ?? "",
    MODEL_NAME: agent.model.name ?? config.modelName,
    NETWORK: config.network,
    PAYMENT_SERVICE_URL: config.paymentServiceUrl,
    PAYMENT_SOURCE_TYPE: wallet.type,
    SELLER_VKEY: wallet.vkey,
    ...(dueAfter === undefined ? {} : { SUBMIT_WITHIN: String(dueAfter) }),
  };
}

/** Returns what the crew runtime is told of its container, whichever agents it serves. */
export const runtimeEnvironment = (input: ContainerInput): Readonly<Record<string, string>> => ({
  DATA_DIR: DATA_FOLDER,
  HOST: "0.0.0.0",
  INTERNAL_PORT: String(INTERNAL_PORT),
  PORT: String(CONTAINER_PORT),
  PROXY_HOPS: String(input.proxyHops),
  ...(input.publicUrl === undefined ? {} : { PUBLIC_URL: input.publicUrl }),
  SHUTDOWN_GRACE: String(input.graceSeconds),
});

/** The runtime keeps with its size how long it ran: the one may change, and the other not be reckoned by the new one. */
const sizeEnvironment = ({ resources: { cpu, memory } }: Agent): Readonly<Record<string, string>> => ({
  CONTAINER_CPU: String(cpu),
  CONTAINER_MEMORY: String(memory),
});

/** Returns a container's environment without its secrets; sorted, because a different order would count as a change. */
export function containerEnvironment(input: EnvironmentInput): ReadonlyMap<string, string> {
  const { agent, identity, config } = input;
  return sortedEnvironment({
    ...(runsInRuntime(agent)
      ? { AGENT_DECLARATION: "/agent/crew.json", ...sizeEnvironment(agent), ...tracesEnvironment(config) }
      : {}),
    ...("file" in identity
      ? { AGENT_IDENTITY_FILE: identity.file }
      : { IDENTITY_SSM_PARAMETER: identity.ssmParameter }),
    ...agentEnvironment(input),
    ...runtimeEnvironment(input),
  });
}

/** Returns variables by name: a different order would count as a change. */
export const sortedEnvironment = (
  environment: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> =>
  new Map(Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The secret that only crews with large documents get. */
export const DOCUMENTS_KEY = "DOCUMENTS_KEY";

/** Where in its database an agent's jobs are, if it gets one. */
const databaseEnvironment = (agent: Agent, config: StackConfig): Readonly<Record<string, string>> =>
  neededSecrets(agent).includes("DATABASE_URL") && hasKey(config, "databaseUrl", agent.id)
    ? {
        DATABASE_SCHEMA: schemaOf(agent, config),
        ...(config.databaseCa ? { DATABASE_CA: config.databaseCa } : {}),
      }
    : {};

export interface CrewSecret {
  readonly value: pulumi.Input<string>;
  /** Whether it is this agent's alone. */
  readonly isOwn: boolean;
}

export interface SecretSources {
  /** Whether the agent has documents that its container reads with masumi:documentsKey. */
  readonly needsDocumentsKey: boolean;
  /** The URL of the agent's own role, or its own URL; absent if it has no database. */
  readonly databaseUrl?: pulumi.Input<string> | undefined;
}

/**
 * Returns the secrets of an agent's container by environment variable: what a crew needs, or an author's image asks for, and no
 * other agent's.
 */
export function crewSecrets(
  agent: Agent,
  config: StackConfig,
  { needsDocumentsKey, databaseUrl }: SecretSources,
): ReadonlyMap<string, CrewSecret> {
  const needed = neededSecrets(agent);
  const secrets = new Map<string, CrewSecret>();
  const give = (variable: string, value: pulumi.Input<string> | undefined, isOwn: boolean) => {
    if (value !== undefined) secrets.set(variable, { value, isOwn });
  };
  const isOwn = (name: "runtimeKey" | "modelKey") => hasOwnKey(config, name, agent.id) === true;
  if (needsDocumentsKey) give(DOCUMENTS_KEY, config.documentsKey, false);
  if (needed.includes("DATABASE_URL")) give("DATABASE_URL", databaseUrl, true);
  if (needed.includes("MODEL_KEY")) {
    // The runtime requires a key; a model that needs none accepts any.
    give("MODEL_KEY", keyOf(config, "modelKey", agent.id) || "none", isOwn("modelKey"));
  }
  if (needed.includes("PAYMENT_KEY"))
    give("PAYMENT_KEY", keyOf(config, "runtimeKey", agent.id), isOwn("runtimeKey"));
  if (runsInRuntime(agent) && agent.hosting !== "shared") {
    for (const [variable, value] of Object.entries(runtimeSecrets(config))) give(variable, value, false);
  }
  return secrets;
}
