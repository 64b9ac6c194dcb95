import { stableCuid } from "../../ids.ts";
import {
  actionId,
  type EscrowRequest,
  type PastAction,
  type RequestTransaction,
} from "../../store/payment-request.ts";
import type { PaymentSource } from "../../world.ts";
import type { Service } from "../endpoint.ts";

const LOVELACE_PER_ADA = 1_000_000;
const iso = (time: number) => new Date(time).toISOString();
const text = (value: number | null) => (value === null ? null : String(value));

type World = Pick<Service, "world" | "unordered">;
type Histories = "with histories" | "without histories" | "no history fields";

function sourceOf({ world }: World, request: EscrowRequest): PaymentSource | undefined {
  return world.paymentSources.find(
    ({ network, smartContractAddress }) =>
      network === request.network && smartContractAddress === request.contract,
  );
}

const shownSource = (source: PaymentSource | undefined) =>
  source && {
    id: source.id,
    network: source.network,
    paymentSourceType: source.paymentSourceType,
    smartContractAddress: source.smartContractAddress,
    policyId: source.policyId,
  };

function shownWallet(source: PaymentSource | undefined, vkey: string | null) {
  const wallet = source?.wallets.find((candidate) => candidate.vkey === vkey);
  return wallet ? { id: wallet.id, walletVkey: wallet.vkey, walletAddress: wallet.address } : null;
}

/** The other side's wallet: a record of its own, even when the same node manages it. */
export const otherWalletId = (request: EscrowRequest, role: "buyer" | "seller") =>
  stableCuid(`${role} ${request.contract} ${request.otherWallet}`);

function otherWallet(request: EscrowRequest, role: "buyer" | "seller") {
  const walletVkey = request.otherWallet;
  return walletVkey === null ? null : { id: otherWalletId(request, role), walletVkey };
}

const stampsOf = ({ createdAt, updatedAt }: { createdAt: number; updatedAt: number }) => ({
  createdAt: iso(createdAt),
  updatedAt: iso(updatedAt),
});

/** The order of the fields differs between payments and purchases. */
export function shownTransaction(transaction: RequestTransaction, kind: "payment" | "purchase") {
  const { id, fees, blockHeight, blockTime, txHash, status } = transaction;
  const { previousOnChainState, newOnChainState, confirmations } = transaction;
  const states = { previousOnChainState, newOnChainState, confirmations };
  const stamps = stampsOf(transaction);
  return kind === "payment"
    ? { id, ...stamps, fees, blockHeight, blockTime, txHash, status, ...states }
    : { id, ...stamps, txHash, status, fees, blockHeight, blockTime, ...states };
}

const latestFirst = <T>(list: readonly T[]) => list.toReversed();

function shownAction(action: PastAction, kind: "payment" | "purchase") {
  const { id, requestedAction, errorType, errorNote, resultHash } = action;
  const stamps = stampsOf(action);
  return kind === "payment"
    ? { id, ...stamps, submittedTxHash: null, requestedAction, errorType, errorNote, resultHash }
    : { id, ...stamps, requestedAction, errorType, errorNote };
}

function historiesOf(request: EscrowRequest, kind: "payment" | "purchase", histories: Histories) {
  if (histories === "no history fields") return { actions: {}, transactions: {} };
  if (histories === "without histories")
    return { actions: { ActionHistory: null }, transactions: { TransactionHistory: null } };
  const { actionHistory, transactionHistory } = request;
  return {
    actions: { ActionHistory: latestFirst(actionHistory).map((action) => shownAction(action, kind)) },
    transactions: {
      // In payments past transactions have the fields in the order of purchases, too.
      TransactionHistory: latestFirst(transactionHistory).map((one) => shownTransaction(one, "purchase")),
    },
  };
}

/** A payment as the service of 0.28 shows it; the order of the fields is the service's. */
export function toPayment(
  payment: EscrowRequest,
  service: World,
  histories: Histories = "without histories",
) {
  const source = sourceOf(service, payment);
  const { nextActionChangedAt, onChainChangedAt, currentTransaction } = payment;
  const { actions, transactions } = historiesOf(payment, "payment", histories);
  return {
    id: payment.id,
    ...stampsOf(payment),
    blockchainIdentifier: payment.blockchainIdentifier,
    agentIdentifier: payment.agentIdentifier,
    agentName: payment.agentName,
    pricingType: payment.pricingType,
    lastCheckedAt: null,
    payByTime: text(payment.payByTime),
    submitResultTime: String(payment.submitResultTime),
    unlockTime: String(payment.unlockTime),
    collateralReturnLovelace: text(payment.collateralReturnLovelace),
    buyerReturnAddress: payment.buyerReturnAddress,
    sellerReturnAddress: payment.sellerReturnAddress,
    externalDisputeUnlockTime: String(payment.externalDisputeUnlockTime),
    requestedById: payment.owner,
    resultHash: payment.resultHash,
    nextActionLastChangedAt: iso(nextActionChangedAt),
    onChainStateOrResultLastChangedAt: iso(onChainChangedAt),
    nextActionOrOnChainStateOrResultLastChangedAt: iso(Math.max(nextActionChangedAt, onChainChangedAt)),
    inputHash: payment.inputHash,
    totalBuyerCardanoFees: payment.buyerFees / LOVELACE_PER_ADA,
    totalSellerCardanoFees: payment.sellerFees / LOVELACE_PER_ADA,
    cooldownTime: payment.sellerCooldownTime,
    cooldownTimeOtherParty: payment.buyerCooldownTime,
    onChainState: payment.onChainState,
    NextAction: {
      requestedAction: payment.requestedAction,
      errorType: payment.errorType,
      errorNote: payment.errorNote,
      resultHash: payment.actionResultHash,
    },
    ...actions,
    CurrentTransaction: currentTransaction && shownTransaction(currentTransaction, "payment"),
    ...transactions,
    RequestedFunds: service.unordered(payment.funds),
    WithdrawnForSeller: [],
    WithdrawnForBuyer: [],
    PaymentSource: shownSource(source),
    BuyerWallet: otherWallet(payment, "buyer"),
    SmartContractWallet: shownWallet(source, payment.wallet),
    metadata: payment.metadata,
  };
}

/** A purchase as the service of 0.28 shows it; the order of the fields is the service's. */
export function toPurchase(
  purchase: EscrowRequest,
  service: World,
  histories: Histories = "without histories",
) {
  const source = sourceOf(service, purchase);
  const { nextActionChangedAt, onChainChangedAt, currentTransaction } = purchase;
  const { actions, transactions } = historiesOf(purchase, "purchase", histories);
  return {
    id: purchase.id,
    ...stampsOf(purchase),
    blockchainIdentifier: purchase.blockchainIdentifier,
    agentIdentifier: purchase.agentIdentifier,
    agentName: purchase.agentName,
    pricingType: purchase.pricingType,
    lastCheckedAt: null,
    payByTime: text(purchase.payByTime),
    submitResultTime: String(purchase.submitResultTime),
    unlockTime: String(purchase.unlockTime),
    externalDisputeUnlockTime: String(purchase.externalDisputeUnlockTime),
    totalBuyerCardanoFees: purchase.buyerFees / LOVELACE_PER_ADA,
    totalSellerCardanoFees: purchase.sellerFees / LOVELACE_PER_ADA,
    nextActionOrOnChainStateOrResultLastChangedAt: iso(Math.max(nextActionChangedAt, onChainChangedAt)),
    nextActionLastChangedAt: iso(nextActionChangedAt),
    onChainStateOrResultLastChangedAt: iso(onChainChangedAt),
    requestedById: purchase.owner,
    onChainState: purchase.onChainState,
    collateralReturnLovelace: text(purchase.collateralReturnLovelace),
    buyerReturnAddress: purchase.buyerReturnAddress,
    sellerReturnAddress: purchase.sellerReturnAddress,
    cooldownTime: purchase.buyerCooldownTime,
    cooldownTimeOtherParty: purchase.sellerCooldownTime,
    inputHash: purchase.inputHash,
    resultHash: purchase.resultHash,
    NextAction: {
      requestedAction: purchase.requestedAction,
      errorType: purchase.errorType,
      errorNote: purchase.errorNote,
    },
    ...actions,
    CurrentTransaction: currentTransaction && shownTransaction(currentTransaction, "purchase"),
    ...transactions,
    PaidFunds: service.unordered(purchase.funds),
    WithdrawnForSeller: [],
    WithdrawnForBuyer: [],
    PaymentSource: shownSource(source),
    SellerWallet: otherWallet(purchase, "seller"),
    SmartContractWallet: shownWallet(source, purchase.wallet),
    metadata: purchase.metadata,
  };
}

/** A purchase that exists already, as the refusal of the second one shows it: nearly the service's own record. */
export function toExistingPurchase(purchase: EscrowRequest, service: World) {
  const source = sourceOf(service, purchase);
  const { nextActionChangedAt, onChainChangedAt, currentTransaction } = purchase;
  return {
    id: purchase.id,
    ...stampsOf(purchase),
    lastCheckedAt: null,
    paymentSourceId: source?.id ?? null,
    sellerWalletId: otherWalletId(purchase, "seller"),
    smartContractWalletId: shownWallet(source, purchase.wallet)?.id ?? null,
    metadata: purchase.metadata,
    pricingType: purchase.pricingType,
    blockchainIdentifier: purchase.blockchainIdentifier,
    agentIdentifier: purchase.agentIdentifier,
    agentIdentifierSyncedAt: iso(purchase.createdAt),
    agentName: purchase.agentName,
    agentNameSyncedAt: iso(purchase.createdAt),
    submitResultTime: String(purchase.submitResultTime),
    unlockTime: String(purchase.unlockTime),
    externalDisputeUnlockTime: String(purchase.externalDisputeUnlockTime),
    inputHash: purchase.inputHash,
    resultHash: purchase.resultHash,
    onChainState: purchase.onChainState,
    onChainStateOrResultLastChangedAt: iso(onChainChangedAt),
    sellerCoolDownTime: String(purchase.sellerCooldownTime),
    buyerCoolDownTime: String(purchase.buyerCooldownTime),
    totalBuyerCardanoFees: purchase.buyerFees / LOVELACE_PER_ADA,
    totalSellerCardanoFees: purchase.sellerFees / LOVELACE_PER_ADA,
    nextActionId: actionId(purchase),
    nextActionLastChangedAt: iso(nextActionChangedAt),
    nextActionOrOnChainStateOrResultLastChangedAt: iso(Math.max(nextActionChangedAt, onChainChangedAt)),
    requestedById: purchase.owner,
    currentTransactionId: currentTransaction?.id ?? null,
    collateralReturnLovelace: text(purchase.collateralReturnLovelace),
    payByTime: text(purchase.payByTime),
    buyerReturnAddress: purchase.buyerReturnAddress,
    sellerReturnAddress: purchase.sellerReturnAddress,
    isLimitedToHotWallets: purchase.walletScope !== null,
    SellerWallet: otherWallet(purchase, "seller"),
    SmartContractWallet: shownWallet(source, purchase.wallet),
    WithdrawnForBuyer: [],
    WithdrawnForSeller: [],
    PaidFunds: paidFunds(purchase),
    NextAction: wholeNextAction(purchase),
    CurrentTransaction: currentTransaction && withoutStates(currentTransaction),
    TransactionHistory: [],
    cooldownTime: purchase.buyerCooldownTime,
    cooldownTimeOtherParty: purchase.sellerCooldownTime,
  };
}

const paidFunds = ({ id, funds }: EscrowRequest) =>
  funds.map(({ amount, unit }, index) => ({
    id: stableCuid(`amount ${index} of ${id}`),
    amount,
    unit,
  }));

function wholeNextAction(purchase: EscrowRequest) {
  const changedAt = iso(purchase.nextActionChangedAt);
  return {
    id: actionId(purchase),
    createdAt: changedAt,
    updatedAt: changedAt,
    requestedAction: purchase.requestedAction,
    submittedTxHash: null,
    errorType: purchase.errorType,
    errorNote: purchase.errorNote,
    purchaseRequestHistoryId: null,
  };
}

function withoutStates({ id, txHash, status, fees, blockHeight, blockTime, ...rest }: RequestTransaction) {
  const uncounted = {
    utxoCount: null,
    withdrawalCount: null,
    assetMintOrBurnCount: null,
    redeemerCount: null,
    validContract: null,
    outputAmount: null,
  };
  return { id, ...stampsOf(rest), txHash, status, fees, blockHeight, blockTime, ...uncounted };
}
