import { type ApiKeyStatus, MasumiError, adminKeyProblem } from "../../providers/masumi/service/index.ts";
import { type StackConfig, runtimeKeysOf } from "../config.ts";
import { type Agent, type SecretName, neededSecrets } from "../declarations/index.ts";
import { type KeyOfAgents, hasKey, hasOwnKey } from "../hosting/agent-keys.ts";

/** The key that crews take payments with, as a setting calls it, and what the payment service says of it. */
export interface RuntimeKey {
  readonly name: string;
  readonly status: ApiKeyStatus;
}

/** Asks what each of the stack's runtime keys may do, as far as their values are known here. @throws ServiceError, RefusedError */
export function readRuntimeKeys(
  config: StackConfig,
  ask: (key: string) => Promise<ApiKeyStatus>,
): Promise<RuntimeKey[]> {
  return Promise.all(runtimeKeysOf(config).map(async ([name, key]) => ({ name, status: await ask(key) })));
}

const HOW = "docs/operations.md, Keys, has the request that makes a runtime key";

/** Returns why a runtime key must not be used; undefined if it may. */
export function runtimeKeyProblem(
  { name, status }: RuntimeKey,
  { network }: StackConfig,
): MasumiError | undefined {
  const refused = adminKeyProblem(`masumi:${name}`, status, network);
  if (refused) return refused;
  if (!status.NetworkLimit.includes(network)) {
    return new MasumiError({
      code: "KEY_OF_OTHER_NETWORK",
      what: `masumi:${name} is valid for ${status.NetworkLimit.join(", ") || "no network"}, not for ${network}.`,
      remedy: `Set a key for ${network}; ${HOW}.`,
    });
  }
  if (status.canPay) return undefined;
  return new MasumiError({
    code: "KEY_CANNOT_PAY",
    what: `masumi:${name} has the permission ${status.permission}; taking payments needs ReadAndPay.`,
    remedy: `Set another key; ${HOW}.`,
  });
}

/** A right that a runtime key has and a crew does not need. */
export interface ExcessRight {
  readonly what: string;
  readonly remedy: string;
}

/** Returns what a runtime key may do beyond its purpose: whoever takes it from a crew may do the same. */
export function excessRights({ name, status }: RuntimeKey, { wallets }: StackConfig): ExcessRight[] {
  const {
    canAdmin,
    usageLimited,
    walletScopeEnabled,
    RemainingUsageCredits = [],
    WalletScopes = [],
  } = status;
  const key = `masumi:${name}`;
  if (canAdmin)
    return [{ what: `${key} is an admin key: it can do everything on every network`, remedy: HOW }];
  const credits = RemainingUsageCredits.filter(({ amount }) => amount !== "0");
  return [
    ...(usageLimited === false
      ? [
          {
            what: `${key} may buy without limit from the service's purchasing wallets`,
            remedy: `limit it to no usage credits; ${HOW}`,
          },
        ]
      : []),
    ...(usageLimited && credits.length > 0
      ? [
          {
            what: `${key} has usage credits, with which it may buy; a crew only sells`,
            remedy: `take them from it; ${HOW}`,
          },
        ]
      : []),
    ...(walletScopeEnabled === false
      ? [
          {
            what: `${key} may use every wallet of the payment service`,
            remedy: `limit it to the selling wallets; ${HOW}`,
          },
        ]
      : []),
    ...(walletScopeEnabled && WalletScopes.length > wallets.length
      ? [
          {
            what: `${key} may use ${WalletScopes.length} wallets, and masumi:wallets has ${wallets.length}`,
            remedy: `limit it to those; ${HOW}`,
          },
        ]
      : []),
  ];
}

/** Returns the keys that an agent gets, by environment variable; where it gets the stack's one URL of the database, a role of its own. */
export const agentSecrets = (agent: Agent, config: StackConfig): string[] =>
  neededSecrets(agent).filter((name) => {
    const setting = SETTING_OF[name];
    return setting === undefined || hasKey(config, setting, agent.id);
  });

/** The settings without which there is no such key; a model that needs none gets a word instead. */
const SETTING_OF: Readonly<Record<SecretName, KeyOfAgents | undefined>> = {
  MODEL_KEY: undefined,
  PAYMENT_KEY: "runtimeKey",
  DATABASE_URL: "databaseUrl",
};

/** Returns warnings about keys that agents share on Mainnet, and about keys of agents that nobody declares. */
export function keyWarnings(config: StackConfig, agents: readonly Agent[]): string[] {
  const sharing = agents
    .filter((agent) => neededSecrets(agent).includes("PAYMENT_KEY"))
    .filter(({ id }) => hasOwnKey(config, "runtimeKey", id) === false)
    .map(({ id }) => id);
  const declared = new Set(agents.map(({ id }) => id));
  const unknown = Object.entries(config.agentsWithKeys ?? {}).flatMap(([name, ids]) =>
    ids
      .filter((id) => !declared.has(id))
      .map((id) => `masumi:${name} has ${id}, which is no agent of this stack.`),
  );
  return [
    ...(config.network === "Mainnet" && sharing.length > 1
      ? [
          `${sharing.join(", ")} share masumi:runtimeKey: whoever takes it from one of them can act as all. Give each a key of its own: ` +
            `npx masumi-agents config set -s ${config.stack} --secret --path masumi:runtimeKeys.${sharing[0] ?? ""}.`,
        ]
      : []),
    ...unknown,
  ];
}
