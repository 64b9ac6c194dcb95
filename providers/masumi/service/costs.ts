import type { WalletType } from "./model.ts";

/** ADA that a mint puts beside the token when the request asks for no more, in lovelace. Seen on release 0.28. */
export const LOVELACE_PER_TOKEN = 5_000_000n;

/**
 * What a selling wallet should hold for one registration, in lovelace: what stays beside the token, and more than any
 * fee that was seen.
 */
export const LOVELACE_PER_MINT = 5_500_000n;

/**
 * Fees of single transactions in lovelace, to be expected and not promised. Mint, burn and update are what release
 * 0.28 reported of the transactions that it built in one whole cycle of each type; the burn on V2 was not among them
 * and is taken to cost what it does on V1. V1 has no update. The registrations of a V2 batch share one fee.
 */
export const TYPICAL_FEE_LOVELACE: Readonly<
  Record<WalletType, { readonly mint: bigint; readonly update: bigint; readonly burn: bigint }>
> = {
  V1: { mint: 398_057n, update: 0n, burn: 353_617n },
  V2: { mint: 422_653n, update: 428_725n, burn: 353_617n },
};
