import {
  LOVELACE_PER_TOKEN,
  TYPICAL_FEE_LOVELACE,
  type WalletType,
} from "../../providers/masumi/service/index.ts";

/** What a run takes from a wallet, in lovelace. */
export interface Cost {
  /** Estimated; not refunded. */
  readonly fee: bigint;
  /** Locked with the tokens until they are burned; negative if a burn releases it. */
  readonly locked: bigint;
}

export type Action = "create" | "adopt" | "update" | "replace" | "deregister" | "none";

/** Returns what an action takes from an agent's wallet. */
export function costOf(action: Action, type: WalletType): Cost {
  const { mint, update, burn } = TYPICAL_FEE_LOVELACE[type];
  const costs: Readonly<Record<Action, Cost>> = {
    create: { fee: mint, locked: LOVELACE_PER_TOKEN },
    update: { fee: update, locked: 0n },
    replace: { fee: mint + burn, locked: 0n },
    deregister: { fee: burn, locked: -LOVELACE_PER_TOKEN },
    adopt: { fee: 0n, locked: 0n },
    none: { fee: 0n, locked: 0n },
  };
  return costs[action];
}

/** Returns what the wallet must hold for an action: a replacement registers again before the old token's ADA is released. */
export function neededFor(action: Action, type: WalletType): bigint {
  const { fee } = costOf(action, type);
  return action === "create" || action === "replace" ? fee + LOVELACE_PER_TOKEN : fee;
}

export const sumCosts = (costs: readonly Cost[]): Cost => ({
  fee: costs.reduce((sum, { fee }) => sum + fee, 0n),
  locked: costs.reduce((sum, { locked }) => sum + locked, 0n),
});
