import type { Network, PaymentSourceType } from "../chain/cardano.ts";
import { stableCuid } from "../ids.ts";

export const ON_CHAIN_STATES = [
  "FundsLocked",
  "FundsOrDatumInvalid",
  "ResultSubmitted",
  "RefundRequested",
  "Disputed",
  "WithdrawAuthorized",
  "RefundAuthorized",
  "Withdrawn",
  "RefundWithdrawn",
  "DisputedWithdrawn",
] as const;
export type OnChainState = (typeof ON_CHAIN_STATES)[number];

const BOTH_ACTIONS = ["None", "Ignore", "WaitingForManualAction", "WaitingForExternalAction"] as const;
export const PAYMENT_ACTIONS = [
  ...BOTH_ACTIONS,
  "SubmitResultRequested",
  "SubmitResultInitiated",
  "WithdrawRequested",
  "WithdrawInitiated",
  "AuthorizeRefundRequested",
  "AuthorizeRefundInitiated",
] as const;
export const PURCHASE_ACTIONS = [
  ...BOTH_ACTIONS,
  "FundsLockingRequested",
  "FundsLockingInitiated",
  "SetRefundRequestedRequested",
  "SetRefundRequestedInitiated",
  "UnSetRefundRequestedRequested",
  "UnSetRefundRequestedInitiated",
  "WithdrawRefundRequested",
  "WithdrawRefundInitiated",
  "AuthorizeWithdrawalRequested",
  "AuthorizeWithdrawalInitiated",
] as const;
export type Action = (typeof PAYMENT_ACTIONS)[number] | (typeof PURCHASE_ACTIONS)[number];

export interface Amount {
  readonly amount: string;
  /** "" is lovelace. */
  readonly unit: string;
}

/** A transaction as a request shows it; times in milliseconds, `blockTime` in seconds. */
export interface RequestTransaction {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly txHash: string | null;
  readonly status: "Pending" | "Confirmed" | "FailedViaTimeout";
  readonly fees: string | null;
  readonly blockHeight: number | null;
  readonly blockTime: number | null;
  readonly previousOnChainState: OnChainState | null;
  readonly newOnChainState: OnChainState | null;
  readonly confirmations: number | null;
}

/** A next action that was followed by another. */
export interface PastAction {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly requestedAction: Action;
  readonly errorType: string | null;
  readonly errorNote: string | null;
  readonly resultHash: string | null;
}

/**
 * One side of an escrow: a payment as the seller's node keeps it, or a purchase as the buyer's does. Times are
 * milliseconds since 1970 of the service's clock, except where chain time is named.
 */
export interface EscrowRequest {
  readonly id: string;
  readonly network: Network;
  readonly type: PaymentSourceType;
  /** Smart contract address of the payment source. */
  readonly contract: string;
  /** Vkey of this side's own wallet: the seller's of a payment, the buyer's of a purchase (null until it pays). */
  readonly wallet: string | null;
  /** Vkey of the other side's wallet, once known. */
  readonly otherWallet: string | null;
  /** Id of the key that made it. */
  readonly owner: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly nextActionChangedAt: number;
  readonly onChainChangedAt: number;
  readonly agentIdentifier: string;
  readonly agentName: string | null;
  readonly pricingType: string;
  /** What is asked for, or paid. */
  readonly funds: readonly Amount[];
  readonly blockchainIdentifier: string;
  readonly inputHash: string;
  readonly resultHash: string | null;
  readonly onChainState: OnChainState | null;
  readonly requestedAction: Action;
  readonly errorType: string | null;
  readonly errorNote: string | null;
  /** The result that the next action is about. */
  readonly actionResultHash: string | null;
  readonly payByTime: number | null;
  readonly submitResultTime: number;
  readonly unlockTime: number;
  readonly externalDisputeUnlockTime: number;
  /** Lovelace locked above the price, since an output of the chain needs so much; the buyer gets them back. */
  readonly collateralReturnLovelace: number | null;
  readonly buyerReturnAddress: string | null;
  readonly sellerReturnAddress: string | null;
  /** Until when each side must not act on the contract again. */
  readonly sellerCooldownTime: number;
  readonly buyerCooldownTime: number;
  /** Lovelace of transaction fees. */
  readonly buyerFees: number;
  readonly sellerFees: number;
  readonly metadata: string | null;
  /** Vkeys of the wallets that may pay; null = any of the source. */
  readonly walletScope: readonly string[] | null;
  /** Whether the chain moves it on; what a control route made stays as it was made. */
  readonly isDriven: boolean;
  /** What to add to a time of this request to get the chain's deadline time. */
  readonly chainOffset: number;
  /** Chain time of the last change of the next action. */
  readonly requestedAt: number;
  /** The chain's transaction that is under way, or was last. */
  readonly transactionId: number | null;
  readonly currentTransaction: RequestTransaction | null;
  /** Oldest first. */
  readonly transactionHistory: readonly RequestTransaction[];
  readonly actionHistory: readonly PastAction[];
}

type Stamp = "updatedAt" | "nextActionChangedAt" | "onChainChangedAt";
type Later =
  | "collateralReturnLovelace"
  | "sellerCooldownTime"
  | "buyerCooldownTime"
  | "buyerFees"
  | "sellerFees"
  | "transactionId"
  | "currentTransaction"
  | "transactionHistory"
  | "actionHistory"
  | "actionResultHash"
  | "errorType"
  | "errorNote"
  | "onChainState";
export const NOTHING_YET: Pick<EscrowRequest, Later> = {
  collateralReturnLovelace: null,
  sellerCooldownTime: 0,
  buyerCooldownTime: 0,
  buyerFees: 0,
  sellerFees: 0,
  transactionId: null,
  currentTransaction: null,
  transactionHistory: [],
  actionHistory: [],
  actionResultHash: null,
  errorType: null,
  errorNote: null,
  onChainState: null,
};
export type NewRequest = Omit<EscrowRequest, Stamp | Later> & Partial<Pick<EscrowRequest, Later>>;
export type RequestChange = Partial<Omit<EscrowRequest, Stamp | "id" | "createdAt">>;

/** The id of the next action, as if it were a row of its own. */
export const actionId = ({ id, actionHistory }: EscrowRequest) =>
  stableCuid(`action ${actionHistory.length} of ${id}`);

/** What changes when another action is next; what is not said of it is empty. */
export function nextAction(
  request: EscrowRequest,
  requestedAction: Action,
  more: { errorType?: string | null; errorNote?: string | null; resultHash?: string | null } = {},
): RequestChange {
  const past: PastAction = {
    id: actionId(request),
    createdAt: request.nextActionChangedAt,
    updatedAt: request.nextActionChangedAt,
    requestedAction: request.requestedAction,
    errorType: request.errorType,
    errorNote: request.errorNote,
    resultHash: request.actionResultHash,
  };
  return {
    requestedAction,
    errorType: more.errorType ?? null,
    errorNote: more.errorNote ?? null,
    actionResultHash: more.resultHash ?? null,
    actionHistory: [...request.actionHistory, past],
  };
}
