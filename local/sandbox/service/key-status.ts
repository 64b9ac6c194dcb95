import { z } from "zod";
import { endpoint, scopeOf } from "./endpoint.ts";

/** GET /api-key-status */
export const keyStatus = endpoint("read", z.object({}), (_, { key, world }) => {
  const isAdmin = key.permission === "Admin";
  const scope = scopeOf(key);
  return {
    id: key.id,
    token: `*****${key.token.slice(-4)}`,
    permission: key.permission,
    canRead: true,
    canPay: key.permission !== "Read",
    canAdmin: isAdmin,
    usageLimited: key.usageCredits !== undefined,
    NetworkLimit: isAdmin ? ["Mainnet", "Preprod"] : key.networks,
    ChainIdLimit: isAdmin ? [] : key.networks.map((name) => `cardano:${name.toLowerCase()}`),
    RemainingUsageCredits: key.usageCredits ?? [],
    status: key.status,
    walletScopeEnabled: scope !== undefined,
    WalletScopes: world.wallets
      .filter((wallet) => scope?.includes(wallet.vkey))
      .map((wallet) => ({ hotWalletId: wallet.id })),
  };
});
