import { z } from "zod";
import { ON_CHAIN_STATES, type Payment, type PaymentFilter } from "../store/payments.ts";
import { type Call, endpoint, requireNetwork, scopeOf, type Service } from "./endpoint.ts";
import { network, pageSize, paymentSourceType } from "./fields.ts";

const iso = (time: number) => new Date(time).toISOString();

/** A payment as the service of 0.28 shows it; the order of the fields is the service's. */
export function toPayment(payment: Payment, { world, unordered }: Service, withHistory = false) {
  const source = world.paymentSources.find(
    ({ network, smartContractAddress }) =>
      network === payment.network && smartContractAddress === payment.contract,
  );
  const wallet = source?.wallets.find(({ vkey }) => vkey === payment.wallet);
  const { nextActionChangedAt, onChainChangedAt } = payment;
  const history = withHistory ? [] : null;
  return {
    id: payment.id,
    createdAt: iso(payment.createdAt),
    updatedAt: iso(payment.updatedAt),
    blockchainIdentifier: payment.blockchainIdentifier,
    agentIdentifier: payment.agentIdentifier,
    agentName: payment.agentName,
    pricingType: payment.pricingType,
    lastCheckedAt: null,
    payByTime: payment.payByTime === null ? null : String(payment.payByTime),
    submitResultTime: String(payment.submitResultTime),
    unlockTime: String(payment.unlockTime),
    collateralReturnLovelace: null,
    buyerReturnAddress: null,
    sellerReturnAddress: null,
    externalDisputeUnlockTime: String(payment.externalDisputeUnlockTime),
    requestedById: payment.owner,
    resultHash: payment.resultHash,
    nextActionLastChangedAt: iso(nextActionChangedAt),
    onChainStateOrResultLastChangedAt: iso(onChainChangedAt),
    nextActionOrOnChainStateOrResultLastChangedAt: iso(Math.max(nextActionChangedAt, onChainChangedAt)),
    inputHash: payment.inputHash,
    totalBuyerCardanoFees: 0,
    totalSellerCardanoFees: 0,
    cooldownTime: 0,
    cooldownTimeOtherParty: 0,
    onChainState: payment.onChainState,
    NextAction: {
      requestedAction: payment.requestedAction,
      errorType: payment.errorType,
      errorNote: payment.errorNote,
      resultHash: null,
    },
    ActionHistory: history,
    CurrentTransaction: null,
    TransactionHistory: history,
    RequestedFunds: unordered(payment.requestedFunds),
    WithdrawnForSeller: [],
    WithdrawnForBuyer: [],
    PaymentSource: source && {
      id: source.id,
      network: source.network,
      paymentSourceType: source.paymentSourceType,
      smartContractAddress: source.smartContractAddress,
      policyId: source.policyId,
    },
    BuyerWallet: null,
    SmartContractWallet: wallet
      ? { id: wallet.id, walletVkey: wallet.vkey, walletAddress: wallet.address }
      : null,
    metadata: null,
  };
}

const filters = {
  filterSmartContractAddress: z.string().nullable().optional(),
  filterPaymentSourceType: paymentSourceType.optional(),
  filterNeedsManualAction: z.string().optional(),
};
const listSchema = z.object({
  limit: pageSize,
  cursorId: z.string().optional(),
  network,
  ...filters,
  filterOnChainState: z.enum(ON_CHAIN_STATES).optional(),
  searchQuery: z.string().optional(),
  includeHistory: z.string().default("false"),
});
const countSchema = z.object({ network, ...filters });

/** Without a filter that knows of V2, only payments of V1 sources are meant. */
function filterOf(call: Call, input: z.output<typeof countSchema>): PaymentFilter {
  requireNetwork(call, input.network);
  const contract = input.filterSmartContractAddress ?? undefined;
  return {
    network: input.network,
    type: input.filterPaymentSourceType ?? (contract ? undefined : "Web3CardanoV1"),
    contract,
    wallets: scopeOf(call.key),
    needsManualAction: input.filterNeedsManualAction === "true",
  };
}

/** GET /payment */
export const listPayments = endpoint("read", listSchema, (input, call) => {
  const filter = {
    ...filterOf(call, input),
    onChainState: input.filterOnChainState,
    search: input.searchQuery?.trim(),
  };
  const withHistory = input.includeHistory === "true";
  const payments = call.store.payments.page(filter, input.limit, input.cursorId);
  return { Payments: payments.map((payment) => toPayment(payment, call, withHistory)) };
});

/** GET /payment/count */
export const countPayments = endpoint("read", countSchema, (input, call) => ({
  total: call.store.payments.count(filterOf(call, input)),
}));
