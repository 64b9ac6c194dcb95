import type { SpendKind } from "./ledger/entry.ts";
import type { WalletType } from "./model.ts";

/** ADA that a mint locks with the token unless the request asks for more, in lovelace. Observed with release 0.28. */
export const LOVELACE_PER_TOKEN = 5_000_000n;

/**
 * What a selling wallet should hold for a registration, in lovelace: what is locked with the token, and more than any fee
 * observed so far.
 */
export const LOVELACE_PER_MINT = 5_500_000n;

/**
 * Expected fees of single transactions in lovelace. Mint, burn and update are what release 0.28 reported for the transactions
 * of one complete cycle of each type; the burn on V2 was not among them and is assumed to cost what it does on V1. V1 has no
 * update. The registrations of a V2 batch share one fee.
 */
export const TYPICAL_FEE_LOVELACE: Readonly<
  Record<WalletType, { readonly mint: bigint; readonly update: bigint; readonly burn: bigint }>
> = {
  V1: { mint: 398_057n, update: 0n, burn: 353_617n },
  V2: { mint: 422_653n, update: 428_725n, burn: 353_617n },
};

/** Returns what a request takes from a wallet by our estimate, in lovelace: its fee, and what it locks with a new token. */
export function spendOf(kind: SpendKind, type: WalletType): bigint {
  const { mint, update, burn } = TYPICAL_FEE_LOVELACE[type];
  return { register: mint + LOVELACE_PER_TOKEN, update, deregister: burn }[kind];
}
