import { z } from "zod";
import { endpoint, pageFrom } from "../endpoint.ts";
import { notFound } from "../errors.ts";
import { pageSize, text250 } from "../fields.ts";

const LOW_BALANCE = { isLow: false, lowRuleCount: 0, lastCheckedAt: null };
const walletType = z.enum(["Selling", "Purchasing", "Funding"]);

const walletListSchema = z.object({
  take: pageSize,
  cursorId: text250.optional(),
  paymentSourceId: text250.optional(),
  walletType: walletType.optional(),
  walletVkey: text250.optional(),
  walletAddress: text250.optional(),
});

/** GET /wallet/list */
export const walletList = endpoint("admin", walletListSchema, (input, { world }) => {
  const wallets = world.wallets.filter(
    (wallet) =>
      (input.paymentSourceId ?? wallet.source.id) === wallet.source.id &&
      (input.walletType ?? wallet.type) === wallet.type &&
      (input.walletVkey ?? wallet.vkey) === wallet.vkey &&
      (input.walletAddress ?? wallet.address) === wallet.address,
  );
  return {
    Wallets: pageFrom(wallets, input.take, input.cursorId).map((wallet) => ({
      id: wallet.id,
      paymentSourceId: wallet.source.id,
      type: wallet.type,
      walletVkey: wallet.vkey,
      walletAddress: wallet.address,
      collectionAddress: null,
      note: wallet.note,
      LowBalanceSummary: LOW_BALANCE,
    })),
  };
});

/** GET /wallet */
export const oneWallet = endpoint(
  "admin",
  z.object({ walletType, id: z.string().min(1).max(250), includeSecret: z.string().default("false") }),
  ({ walletType, id }, { world, store }) => {
    const wallet = world.wallets.find((candidate) => candidate.id === id && candidate.type === walletType);
    if (!wallet) throw notFound(`${walletType} wallet not found`);
    const pending = store.transactions.under(wallet.vkey);
    const askers = (id: number) => [
      ...store.registrations.byTransaction(id),
      ...store.payments.byTransaction(id),
      ...store.purchases.byTransaction(id),
    ];
    const since = new Date((pending && askers(pending.id)[0]?.updatedAt) ?? 0).toISOString();
    return {
      PendingTransaction: pending
        ? { createdAt: since, updatedAt: since, hash: pending.txHash, lastCheckedAt: null }
        : null,
      note: wallet.note,
      walletVkey: wallet.vkey,
      walletAddress: wallet.address,
      collectionAddress: null,
      LowBalanceSummary: LOW_BALANCE,
      LowBalanceRules: [],
    };
  },
);
