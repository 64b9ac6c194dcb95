import { type MasumiClient, MasumiError, type Row } from "../../providers/masumi/service/index.ts";
import type { StackConfig, Wallet } from "../config.ts";
import type { Survey } from "./survey.ts";
import { contractOf } from "./wallets.ts";

/**
 * What the payment service knows of a wallet of the stack. `mistyped`: it has registrations, but of the other type;
 * `untold`: the service did not say whether it knows it.
 */
export interface WalletSight {
  readonly wallet: Wallet;
  readonly status: "known" | "mistyped" | "unknown" | "untold";
  /** Its registrations, in every state. */
  readonly rows: readonly Row[];
  /** Contract address of its payment source, if there is only one of its type. */
  readonly contract: string | undefined;
}

const WALLET_TOLD_WITHIN_MS = 15_000;

export interface SightOptions {
  readonly config: StackConfig;
  readonly survey: Survey;
  /** Whether to ask for a wallet that has no registrations yet. */
  readonly isAsked: (wallet: Wallet) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Looks whether the service knows the stack's wallets, and by their types. Requests: one per wallet without registrations. */
export const lookAtWallets = (client: MasumiClient, options: SightOptions): Promise<WalletSight[]> =>
  Promise.all(options.config.wallets.map((wallet) => lookAt(client, wallet, options)));

async function lookAt(
  client: MasumiClient,
  wallet: Wallet,
  { config, survey, isAsked, signal }: SightOptions,
): Promise<WalletSight> {
  const rows = survey.rows.filter(({ walletVkey }) => walletVkey === wallet.vkey);
  const contract = contractOf(wallet, config, survey.sources);
  const seen = { wallet, rows, contract };
  if (rows.length > 0) {
    return { ...seen, status: rows.some(({ type }) => type === wallet.type) ? "known" : "mistyped" };
  }
  if (!isAsked(wallet)) return { ...seen, status: "untold" };
  const timeout = AbortSignal.timeout(WALLET_TOLD_WITHIN_MS);
  try {
    await client.tokensAt(
      { network: config.network, vkey: wallet.vkey, contract },
      { signal: signal ? AbortSignal.any([timeout, signal]) : timeout },
    );
    return { ...seen, status: "known" };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MasumiError && error.serviceMessage === "Wallet not found") {
      return { ...seen, status: "unknown" };
    }
    const isUntold = error instanceof MasumiError || (error as { name?: unknown }).name === "TimeoutError";
    if (!isUntold) throw error;
    return { ...seen, status: "untold" };
  }
}

/** Returns why a wallet cannot register; undefined if it can, as far as the service tells. */
export function walletProblem(
  { network }: StackConfig,
  { wallet: { vkey, type }, status, rows, contract }: WalletSight,
): MasumiError | undefined {
  if (status === "mistyped") {
    const other = rows[0]?.type ?? "";
    return new MasumiError({
      code: "WALLET_OF_OTHER_TYPE",
      what: `masumi:wallets says that wallet ${vkey} is of type ${type}, but it has ${other} registrations.`,
      remedy: `Write type: ${other} in masumi:wallets.`,
    });
  }
  if (status !== "unknown") return undefined;
  const where = contract ? `the ${type} payment source ${contract}` : network;
  return new MasumiError({
    code: "WALLET_UNKNOWN",
    what: `The payment service has no wallet ${vkey} for ${where}.`,
    remedy:
      "Check the wallet's verification key (vkey) and type in masumi:wallets with the service's administrator.",
  });
}
