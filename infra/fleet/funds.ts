import {
  LOVELACE_PER_TOKEN,
  type MasumiClient,
  MasumiError,
  isOver,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig, Wallet } from "../config.ts";
import { formatAda } from "../../providers/common/amounts.ts";
import { neededFor } from "./costs.ts";
import type { FleetPlan } from "./plan/plan.ts";
import type { Survey } from "./survey.ts";

/** A wallet of the pool, and whether it can pay for a plan. All amounts in lovelace. */
export interface WalletFunds {
  readonly wallet: Wallet;
  /** Bech32; "" if neither the configuration nor a registration has it. */
  readonly address: string;
  readonly needed: bigint;
  /** What is at the address and not locked with live tokens; undefined if unknown. */
  readonly free: bigint | undefined;
  /** What must be sent to it first. */
  readonly missing: bigint;
}

/** Reads the balances of the wallets that `isAsked` selects, and compares them with what the plan takes from each. */
export async function readFunds(
  client: MasumiClient,
  { config, survey, plan }: { config: StackConfig; survey: Survey; plan: FleetPlan },
  { isAsked, signal }: { isAsked: (needed: bigint) => boolean; signal?: AbortSignal | undefined },
): Promise<WalletFunds[]> {
  return Promise.all(
    config.wallets.map(async (wallet) => {
      const planned = plan.agents.filter((agent) => agent.wallet === wallet);
      const needed = planned.reduce((sum, { action }) => sum + neededFor(action, wallet.type), 0n);
      const rows = survey.rows.filter(({ walletVkey }) => walletVkey === wallet.vkey);
      const address = wallet.address ?? rows.find(({ walletAddress }) => walletAddress)?.walletAddress ?? "";
      if (!address || !isAsked(needed)) return { wallet, address, needed, free: undefined, missing: 0n };
      const balance = await client
        .balanceLovelace(config.network, address, { signal })
        .catch(undefinedIfMissing);
      if (balance === undefined) return { wallet, address, needed, free: undefined, missing: 0n };
      const tokens = BigInt(
        rows.filter(({ state, agentIdentifier }) => !isOver(state) && agentIdentifier).length,
      );
      const locked = tokens * LOVELACE_PER_TOKEN;
      const free = balance > locked ? balance - locked : 0n;
      return { wallet, address, needed, free, missing: needed > free ? needed - free : 0n };
    }),
  );
}

/** Old releases have no such route, so the balance is unknown there. */
function undefinedIfMissing(error: unknown): undefined {
  if (!(error instanceof MasumiError) || error.status !== 404) throw error;
}

/** Returns how much to send where; undefined if the wallet can pay or its balance is unknown. */
export function fundsProblem({ network }: StackConfig, funds: WalletFunds): MasumiError | undefined {
  const { wallet, address, needed, free, missing } = funds;
  if (missing === 0n || free === undefined) return undefined;
  return new MasumiError({
    code: "WALLET_UNFUNDED",
    what: `Wallet ${wallet.vkey} has ${formatAda(free)} ADA available, but this run needs up to ${formatAda(needed)} ADA.`,
    remedy:
      `Send at least ${formatAda(missing)} ADA to ${address}` +
      (network === "Preprod" ? " (the Preprod faucet gives test ADA)." : "."),
  });
}
