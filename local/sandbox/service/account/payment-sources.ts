import { z } from "zod";
import type { PaymentSource, Wallet } from "../../world.ts";
import { type Call, endpoint, pageFrom } from "../endpoint.ts";
import { network, pageSize, text250 } from "../fields.ts";

const pageOfSources = z.object({ take: pageSize, cursorId: text250.optional() });

const sourcesFor = ({ key, world }: Call) =>
  world.paymentSources.filter(
    (source) => key.permission === "Admin" || key.networks.includes(source.network),
  );

const sourceHead = (source: PaymentSource) => ({
  id: source.id,
  createdAt: source.createdAt,
  updatedAt: source.createdAt,
  network: source.network,
  paymentSourceType: source.paymentSourceType,
  requiredAdminSignatures: source.requiredAdminSignatures,
  policyId: source.policyId,
  smartContractAddress: source.smartContractAddress,
});

const adminWallets = (source: PaymentSource) =>
  source.adminWallets.map((walletAddress, index) => ({ walletAddress, order: index + 1 }));

const feesOf = (source: PaymentSource) => ({
  FeeReceiverNetworkWallet: source.feeReceiver === null ? null : { walletAddress: source.feeReceiver },
  feeRatePermille: source.feeRatePermille,
});

/** GET /payment-source: without any wallet, so a paying key cannot find out the vkeys. */
export const paymentSources = endpoint("read", pageOfSources, ({ take, cursorId }, call) => ({
  PaymentSources: pageFrom(sourcesFor(call), take, cursorId).map((source) => ({
    ...sourceHead(source),
    lastIdentifierChecked: null,
    lastCheckedAt: null,
    AdminWallets: adminWallets(source),
    ...feesOf(source),
  })),
}));

const pageOfExtended = pageOfSources.extend({ network: network.optional() });

/** GET /payment-source-extended */
export const extendedPaymentSources = endpoint(
  "admin",
  pageOfExtended,
  ({ take, cursorId, network }, call) => {
    const sources = sourcesFor(call).filter((source) => network === undefined || source.network === network);
    const counted = (source: PaymentSource, type: Wallet["type"]) =>
      source.wallets.filter((wallet) => wallet.type === type).length;
    return {
      ExtendedPaymentSources: pageFrom(sources, take, cursorId).map((source) => ({
        ...sourceHead(source),
        contractSyncStatus: "in_sync",
        PaymentSourceConfig: { rpcProviderApiKey: "sandbox-has-no-rpc-provider", rpcProvider: "Blockfrost" },
        lastIdentifierChecked: null,
        syncInProgress: false,
        lastCheckedAt: null,
        AdminWallets: adminWallets(source),
        PurchasingWalletsCount: counted(source, "Purchasing"),
        SellingWalletsCount: counted(source, "Selling"),
        ...feesOf(source),
      })),
    };
  },
);
