import { ConfigurationError, type StackConfig, readStackConfig, wrongSettings } from "../infra/config.ts";
import { missingDocuments } from "../infra/crews/stored-documents.ts";
import { whatRuns } from "../infra/crews/what-runs.ts";
import type { LoadedAgents } from "../infra/declarations/index.ts";
import type { Row } from "../providers/masumi/service/index.ts";
import {
  type Examination,
  type FleetDrift,
  type RegistrationsInState,
  type UrlOf,
  examineDrift,
  examineFleet,
  expectedUrls,
  foreignRows,
  survey,
} from "../infra/fleet/index.ts";
import { FORGET, MasumiClient } from "../providers/masumi/service/index.ts";
import { configValues } from "../local/engine/stack/index.ts";
import { loadStackAgents } from "./agents.ts";
import { openLocalStack } from "./local/local-stack.ts";
import { readNetwork } from "./network.ts";
import {
  type CallOptions,
  type Project,
  isEncrypted,
  isLocalStack,
  namesOfSecrets,
  readConfig,
  stackFile,
} from "./project.ts";
import { registrationsInState } from "./state-ids.ts";
import { UserError } from "./user-error.ts";

/** A stack as its files declare it, and the payment service it registers at. Neither Pulumi nor a state is needed. */
export interface ReadStack extends Partial<RegistrationsInState> {
  readonly stack: string;
  readonly config: StackConfig;
  readonly declared: LoadedAgents;
  readonly client: MasumiClient;
  /** Where an agent will be reached; undefined where that is known only once it is hosted. */
  readonly urlOf: UrlOf;
  readonly projectRoot: string;
  /** MASUMI_FORGET_REGISTRATION */
  readonly forget: string | undefined;
}

interface Settings {
  readonly values: Record<string, string>;
  readonly secretKeys: readonly string[];
  /** The agents in maps of secrets that only Pulumi can read. */
  readonly agentsWithKeys?: Readonly<Record<string, readonly string[]>>;
}

/** A local stack keeps its secrets on this machine; those of any other stack only Pulumi can read. */
async function readSettings(
  project: Project,
  stack: string,
  signal: AbortSignal | undefined,
): Promise<Settings> {
  if (isLocalStack(stack)) {
    const values = await configValues(await openLocalStack(project, stack, signal));
    return {
      values: Object.fromEntries(values.map(({ key, value }) => [key, value])),
      secretKeys: values.filter(({ secret }) => secret).map(({ key }) => key),
    };
  }
  return readFile(project, stack);
}

/** What a stack's file says; the values of secrets are left out. */
function readFile(project: Project, stack: string): Settings {
  const entries = Object.entries(readConfig(project, stack));
  const isSecret = ([, value]: readonly [string, string]) => isEncrypted(value);
  return {
    values: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secretKeys: entries.filter(isSecret).map(([key]) => key),
    agentsWithKeys: namesOfSecrets(Object.fromEntries(entries)),
  };
}

/**
 * Return what is wrong with the settings that a stack's file has, without keys, Pulumi or network. Those that it lacks may follow.
 * @throws UserError when the stack has no file or no network, without which its agents cannot be judged
 */
export function wrongInFile(project: Project, stack: string): string[] {
  readNetwork(project, stack);
  return wrongSettings(readFile(project, stack).values);
}

/**
 * Return a stack's settings as far as its file tells them, without keys, Pulumi or network; undefined where they are incomplete,
 * which doctor and plan report.
 */
export function readOfflineConfig(project: Project, stack: string): StackConfig | undefined {
  const { values, secretKeys, agentsWithKeys } = readFile(project, stack);
  try {
    return readStackConfig({
      stack,
      values,
      secretKeys,
      agentsWithKeys,
      env: { MASUMI_API_KEY: "not needed offline" },
    });
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

/** The settings of a stack, and a client of its payment service. */
export interface OpenedService {
  readonly config: StackConfig;
  readonly client: MasumiClient;
}

/**
 * Read a stack's settings. MASUMI_API_KEY is needed for any stack but local; a Read key will do.
 *
 * @throws UserError, SettingsError, ConfigurationError with every problem of the settings
 */
export async function openService(
  project: Project,
  stack: string,
  { env, signal, onSlow, timeoutMs }: CallOptions & { readonly timeoutMs?: number },
): Promise<OpenedService> {
  const { values, secretKeys, agentsWithKeys } = await readSettings(project, stack, signal);
  if (!env["MASUMI_API_KEY"] && secretKeys.includes("masumi:apiKey") && !values["masumi:apiKey"]) {
    throw new UserError(
      `${stackFile(project, stack)} keeps masumi:apiKey as a secret, which only Pulumi can read. ` +
        "Set MASUMI_API_KEY for this command; a Read key is enough.",
    );
  }
  const config = readStackConfig({ stack, values, secretKeys, agentsWithKeys, env });
  const client = new MasumiClient({ url: config.paymentServiceUrl, token: config.apiKey, timeoutMs, onSlow });
  return { config, client };
}

/**
 * Open a stack to look at it. Wrong declarations are no error: they are in `declared.complaints`.
 *
 * @throws as openService, and UserError when the stack has no network
 */
export async function readStack(project: Project, stack: string, options: CallOptions): Promise<ReadStack> {
  const declared = loadStackAgents(project, stack, { env: options.env });
  const { config, client } = await openService(project, stack, options);
  const state = registrationsInState(project, stack, options.env);
  const forget = options.env[FORGET];
  const opened = { stack, config, client, projectRoot: project.root, forget, ...state };
  return { ...opened, ...withUrls(opened, declared) };
}

/** Return a stack as if other agents were declared. */
export const declaring = (stack: ReadStack, declared: LoadedAgents): ReadStack => ({
  ...stack,
  ...withUrls(stack, declared),
});

const withUrls = (
  { config, projectRoot }: Pick<ReadStack, "config" | "projectRoot">,
  declared: LoadedAgents,
): Pick<ReadStack, "declared" | "urlOf"> => ({
  declared,
  urlOf: expectedUrls({ config, projectRoot, agents: declared.agents }),
});

/**
 * Return what an up would do on the chain, what it costs and what stands in its way, from the declarations and the
 * payment service alone.
 *
 * @throws MasumiError if the key cannot serve at all; ServiceError, RefusedError
 */
export async function planStack(
  { declared: { agents }, client, ...stack }: ReadStack,
  signal?: AbortSignal,
): Promise<Examination> {
  const examined = await examineFleet(client, {
    ...stack,
    agents,
    runsOf: whatRuns(stack),
    spends: false,
    allBalances: true,
    ...(signal ? { signal } : {}),
  });
  const missing = await missingDocuments({ ...stack, agents, signal });
  return { ...examined, problems: [...examined.problems, ...missing] };
}

/**
 * Return what is registered compared with what is declared, from the declarations and the payment service alone.
 *
 * @throws MasumiError if the key is of another network; ServiceError, RefusedError
 */
export const findStackDrift = (
  { declared: { agents }, client, ...stack }: ReadStack,
  signal?: AbortSignal,
): Promise<FleetDrift> => examineDrift(client, { ...stack, agents, ...(signal ? { signal } : {}) });

/**
 * Return the registrations on a stack's wallets that it did not make.
 *
 * @throws as readStack; ServiceError, RefusedError
 */
export async function findForeign(project: Project, stack: string, options: CallOptions): Promise<Row[]> {
  const { config, client, declared, inState } = await readStack(project, stack, options);
  // Without agents to look for, only what is on the stack's wallets is read.
  const seen = await survey(client, config, [], { signal: options.signal });
  return foreignRows({ config, agents: declared.readable, survey: seen, inState });
}
