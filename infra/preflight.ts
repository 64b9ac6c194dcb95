import * as pulumi from "@pulumi/pulumi";
import {
  type ApiKeyStatus,
  MasumiClient,
  MasumiError,
  type OwnRow,
  type PaymentSource,
  type RecoverFrom,
  UNNAMED_BURNS,
  marker,
  readFleet,
} from "../providers/masumi/index.ts";
import type { StackConfig, Wallet } from "./config.ts";
import type { Agent } from "./declarations/index.ts";

/** How an agent stands with the network, before anything is changed. */
export interface AgentPlan {
  readonly agent: Agent;
  /** The wallet that registers it: the one it is registered with, else the least used one of the pool. */
  readonly wallet: Wallet;
  /** V2: contract address of the wallet's own payment source. */
  readonly sourceAddress?: string;
  /** A registration that ended badly and needs a new attempt. */
  readonly recover?: RecoverFrom;
  /** Registrations that wait for the same wallet, this one included. */
  readonly queueLength: number;
}

/** What one registration takes from the wallet at most: 5 ADA stay beside the token, the rest is the fee. */
const LOVELACE_PER_MINT = 5_500_000n;

const LIVE_STATES = new Set([
  "RegistrationRequested",
  "RegistrationInitiated",
  "RegistrationConfirmed",
  "UpdateRequested",
  "UpdateInitiated",
  "UpdateConfirmed",
  "UpdateFailed",
  "DeregistrationFailed",
]);

/**
 * Once per run, before the first resource: the key's rights, the network, the wallets' balances and payment
 * sources, and the live registrations that bear our marker.
 *
 * @throws MasumiError with a remedy when this run could not succeed; nothing has been changed then
 */
export async function preflight(
  config: StackConfig & { readonly apiKey: string },
  agents: readonly Agent[],
  options: { readonly spends: boolean },
): Promise<AgentPlan[]> {
  const client = new MasumiClient({ url: config.paymentServiceUrl, token: config.apiKey });
  const status = await client.apiKeyStatus();
  checkRights(status, config.network, options.spends);
  const [sources, rows] = await Promise.all([
    client.paymentSources(),
    readFleet(client, {
      network: config.network,
      owner: config.owner,
      walletVkeys: config.wallets.map(({ vkey }) => vkey),
      ...walletAddresses(config.wallets),
    }),
  ]);
  if (agents.length === 0) refuseToEmpty(config, rows);
  const own = groupByMarker(rows);
  const plans = assignWallets(config, agents, own).map((draft) => ({
    ...draft,
    ...sourceAddress(config, draft.wallet, sources),
  }));
  const newcomers = plans.filter(({ live }) => live === undefined);
  await checkBalances(client, config, newcomers);
  return plans.map(({ live: _live, ...plan }) => ({
    ...plan,
    queueLength: Math.max(1, newcomers.filter(({ wallet }) => wallet === plan.wallet).length),
  }));
}

/** With all addresses known, only our wallets' rows are asked for; with one unknown, everybody's must be read. */
function walletAddresses(wallets: readonly Wallet[]): { walletAddresses?: string[] } {
  const known = wallets.flatMap(({ address }) => address ?? []);
  return known.length === wallets.length ? { walletAddresses: known } : {};
}

function checkRights(status: ApiKeyStatus, network: string, spends: boolean): void {
  if (!status.NetworkLimit.includes(network)) {
    throw new MasumiError({
      code: "KEY_OF_OTHER_NETWORK",
      what: `The API key may use ${status.NetworkLimit.join(", ") || "no network"}, not ${network}.`,
      remedy: `Use a key of ${network}, or set masumi:network to the key's network.`,
    });
  }
  if (spends && !status.canPay) {
    throw new MasumiError({
      code: "KEY_CANNOT_PAY",
      what: `The API key has the right ${status.permission}; registering needs ReadAndPay.`,
      remedy:
        "Ask the service's administrator for a ReadAndPay key limited to the selling wallet. A Read key is enough for preview.",
    });
  }
}

/**
 * A run without a single agent looks like a destroy to the providers, which then burn without a limit. So what such a
 * run may burn is limited here (money rule 5): an emptied folder may be a mistake of a merge.
 */
function refuseToEmpty(config: StackConfig, rows: readonly OwnRow[]): void {
  const named = new Set((config.allowDeregister ?? []).map((id) => marker(config.owner, id)));
  const unnamed = rows.filter(({ state, marker: mark }) => LIVE_STATES.has(state) && !named.has(mark));
  if (unnamed.length <= UNNAMED_BURNS[config.network]) return;
  throw new MasumiError({
    code: "DEREGISTRATION_LIMIT",
    what:
      `No agent is declared for this stack, and ${unnamed.length} registrations of owner ${config.owner} are live ` +
      `(${unnamed.map(({ listing }) => listing.name).join(", ")}).`,
    remedy: "Restore the files, name the agents in masumi:allowDeregister, or run destroy.",
  });
}

function groupByMarker(rows: readonly OwnRow[]): Map<string, OwnRow[]> {
  const groups = new Map<string, OwnRow[]>();
  for (const row of rows) groups.set(row.marker, [...(groups.get(row.marker) ?? []), row]);
  return groups;
}

interface Draft {
  readonly agent: Agent;
  readonly wallet: Wallet;
  readonly live?: OwnRow;
  readonly recover?: RecoverFrom;
}

function assignWallets(config: StackConfig, agents: readonly Agent[], own: Map<string, OwnRow[]>): Draft[] {
  const load = new Map(config.wallets.map((wallet) => [wallet, 0]));
  return agents.map((agent) => {
    const rows = own.get(marker(config.owner, agent.id)) ?? [];
    const live = rows.filter(({ state }) => LIVE_STATES.has(state));
    if (live.length > 1) reportDuplicates(agent, live);
    const wallet = chooseWallet(config, agent, live[0], load);
    load.set(wallet, (load.get(wallet) ?? 0) + 1);
    const recover = recoverFrom(rows, live);
    return { agent, wallet, ...(live[0] ? { live: live[0] } : {}), ...(recover ? { recover } : {}) };
  });
}

function reportDuplicates(agent: Agent, live: readonly OwnRow[]): void {
  void pulumi.log.warn(
    `${agent.id} is registered ${live.length} times (rows ${live.map(({ id }) => id).join(", ")}). ` +
      "Nothing is removed unasked: deregister the superfluous ones in the payment service.",
  );
}

/** The pool's wallet for an agent. Its own registration's wallet is kept while the pool has it: moving costs two fees. */
function chooseWallet(
  config: StackConfig,
  agent: Agent,
  live: OwnRow | undefined,
  load: ReadonlyMap<Wallet, number>,
): Wallet {
  const usable = config.wallets.filter(
    (wallet) =>
      (!agent.wallet || wallet.vkey === agent.wallet) &&
      (!agent.paymentType || wallet.type === agent.paymentType),
  );
  const kept = usable.find(({ vkey }) => vkey === live?.walletVkey);
  if (kept) return kept;
  const type = agent.paymentType ?? (usable.some((wallet) => wallet.type === "V2") ? "V2" : "V1");
  const [first, ...others] = usable.filter((wallet) => wallet.type === type);
  if (!first) {
    throw new MasumiError({
      code: "NO_WALLET_FITS",
      what: `${agent.file}: no wallet of masumi:wallets fits (${agent.wallet ?? `a ${type} wallet`} is wanted).`,
      remedy: "Add the selling wallet to masumi:wallets, or change the agent's payment or wallet.",
    });
  }
  return others.reduce(
    (best, wallet) => ((load.get(wallet) ?? 0) < (load.get(best) ?? 0) ? wallet : best),
    first,
  );
}

/** Our newest row, when it is the last word on the agent and a bad one: the next up then tries anew by itself. */
function recoverFrom(rows: readonly OwnRow[], live: readonly OwnRow[]): RecoverFrom | undefined {
  const updateFailed = live.find(({ state }) => state === "UpdateFailed");
  const newest = updateFailed ?? (live.length === 0 ? rows[0] : undefined);
  return newest && { rowId: newest.id, state: newest.state, error: newest.error };
}

function sourceAddress(
  config: StackConfig,
  wallet: Wallet,
  sources: readonly PaymentSource[],
): { sourceAddress?: string } {
  if (wallet.type === "V1") return {};
  if (wallet.paymentSource) return { sourceAddress: wallet.paymentSource };
  const found = sources.filter(
    ({ network, paymentSourceType }) => network === config.network && paymentSourceType === "Web3CardanoV2",
  );
  const [only] = found;
  if (only && found.length === 1) return { sourceAddress: only.smartContractAddress };
  throw new MasumiError({
    code: "PAYMENT_SOURCE_UNKNOWN",
    what: `The service has ${found.length} V2 payment sources on ${config.network}; which one wallet ${wallet.vkey} belongs to is not known.`,
    remedy:
      found.length === 0
        ? "Ask the administrator to add a V2 payment source, or use a V1 wallet."
        : "Give the wallet its contract address: masumi:wallets [{ …, paymentSource: addr… }].",
  });
}

async function checkBalances(
  client: MasumiClient,
  config: StackConfig,
  newcomers: readonly Draft[],
): Promise<void> {
  const wallets = [...new Set(newcomers.map(({ wallet }) => wallet))];
  await Promise.all(
    wallets.map(async ({ vkey, address }) => {
      if (!address) return;
      const mints = newcomers.filter(({ wallet }) => wallet.vkey === vkey).length;
      const needed = BigInt(mints) * LOVELACE_PER_MINT;
      const balance = await client.balanceLovelace(config.network, address);
      if (balance >= needed) return;
      throw new MasumiError({
        code: "WALLET_UNFUNDED",
        what: `Wallet ${vkey} holds ${ada(balance)} ADA; ${mints} new registration(s) take up to ${ada(needed)} ADA.`,
        remedy:
          `Send at least ${ada(needed - balance)} ADA to ${address}` +
          (config.network === "Preprod" ? " (the Preprod faucet gives test ADA)." : "."),
      });
    }),
  );
}

const ada = (lovelace: bigint) => (Number(lovelace) / 1_000_000).toString();
