import { z } from "zod";
import { remainingCredits } from "./credits.ts";
import { endpoint, scopeOf } from "../endpoint.ts";

/** GET /api-key-status */
export const keyStatus = endpoint("read", z.object({}), (_, { key, world, store }) => {
  const isAdmin = key.permission === "Admin";
  const scope = scopeOf(key);
  const credits = remainingCredits({ key, store }) ?? new Map<string, bigint>();
  return {
    id: key.id,
    token: `*****${key.token.slice(-4)}`,
    permission: key.permission,
    canRead: true,
    canPay: key.permission !== "Read",
    canAdmin: isAdmin,
    usageLimited: key.usageCredits !== undefined,
    NetworkLimit: isAdmin ? ["Mainnet", "Preprod"] : key.networks,
    ChainIdLimit: isAdmin
      ? []
      : [...key.networks.map((name) => `cardano:${name.toLowerCase()}`), ...key.chains],
    RemainingUsageCredits: Array.from(credits, ([unit, amount]) => ({ unit, amount: amount.toString() })),
    status: key.status,
    walletScopeEnabled: scope !== undefined,
    WalletScopes: world.wallets
      .filter((wallet) => scope?.includes(wallet.vkey))
      .map((wallet) => ({ hotWalletId: wallet.id })),
  };
});
