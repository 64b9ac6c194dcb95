import { CONFIRMATION_OFFSET, SECOND } from "../registry/registry-rules.ts";
import type { EscrowOperation, PaymentSourceType } from "../chain/cardano.ts";
import type { Action, Amount, EscrowRequest, OnChainState } from "../store/payment-request.ts";

// The service's rules for escrows, with the intervals of its jobs by default; milliseconds.

const MINUTE = 60 * SECOND;
/** How often the jobs look: for purchases to pay, for what is due by itself, for transactions that have landed. */
export const LOCK_TICK = 30 * SECOND;
export const DECISION_TICK = 30 * SECOND;
const SYNC_TICK = 20 * SECOND;
/** How often they look for anything else that was asked for. */
export const JOB_TICK = 15 * SECOND;

/** A payment that nobody has paid is given up so long after its time. */
export const PAY_BY_GRACE = 5 * MINUTE;
/** Funds are locked, and results submitted, only so long before their time. */
export const LOCK_MARGIN = 57 * SECOND;
export const RESULT_MARGIN = 5 * MINUTE;
const REFUND_REQUEST_MARGIN = 3 * MINUTE;
/** What becomes due by a time is done so long after it, since the clocks of blocks differ. */
const BLOCK_CLOCK_MARGIN = 10 * MINUTE;
/** Whoever has acted on a contract may not act again for so long. */
const COOLDOWN = 7 * MINUTE;
const COOLDOWN_MARGIN = 10 * MINUTE;
/** A transaction that has not landed by then is given up. */
export const TRANSACTION_TIMEOUT = 7 * MINUTE;

export const LOCK_BATCH = 10;
/** How many requests one transaction of a wallet takes. */
export const batchOf = (type: PaymentSourceType) => (type === "Web3CardanoV1" ? 1 : 5);

/** Fees of one transaction in lovelace; nobody has seen them. */
export const ESCROW_FEE_LOVELACE: Record<"lock" | "contract", number> = { lock: 250_000, contract: 400_000 };
export const feeOf = (operation: EscrowOperation) =>
  ESCROW_FEE_LOVELACE[operation === "LockFunds" ? "lock" : "contract"];
/** A wallet must keep so much beyond what it locks. */
export const FEE_BUFFER_LOVELACE = 2_000_000;
/** Collateral is nothing, or at least this; also the least fee of a V1 payment in lovelace. */
export const MINIMUM_COLLATERAL_LOVELACE = 1_435_230;

/** What an output at the contract needs at least, about: its datum is nearly the same for every payment. */
function minimumOutput(tokens: number): number {
  const lovelacePerByte = 4_310;
  return lovelacePerByte * (1_015 + 50 * tokens);
}

const isLovelace = ({ unit }: Amount) => unit === "";

/** What is locked for a price in lovelace, tokens aside, and how much of it is the buyer's own. */
export function lockedLovelace(funds: readonly Amount[]): { lovelace: number; collateral: number } {
  const price = funds.filter(isLovelace).reduce((sum, { amount }) => sum + Number(amount), 0);
  const minimum = minimumOutput(funds.filter((fund) => !isLovelace(fund)).length);
  if (price >= minimum) return { lovelace: price, collateral: 0 };
  const missing = minimum - price;
  const collateral = price === 0 ? missing : Math.max(missing, MINIMUM_COLLATERAL_LOVELACE);
  return { lovelace: price + collateral, collateral };
}

/** What a network keeps of a payment in one unit: V1 takes its share, of lovelace at least the least; V2 nothing. */
export function networkFee(
  type: PaymentSourceType,
  feeRatePermille: number,
  quantity: number,
  unit: string,
): number {
  if (type === "Web3CardanoV2") return 0;
  const share = Math.floor((quantity * feeRatePermille) / 1000);
  return unit === "" ? Math.max(share, MINIMUM_COLLATERAL_LOVELACE) : share;
}

export const cooldownFrom = (time: number) => time + COOLDOWN + COOLDOWN_MARGIN;

/** The first look at or after a moment for transactions that have landed. */
export const syncFrom = (time: number) =>
  Math.ceil((time - CONFIRMATION_OFFSET) / SYNC_TICK) * SYNC_TICK + CONFIRMATION_OFFSET;
export const tickFrom = (time: number, tick: number) => (Math.floor(time / tick) + 1) * tick;

/** What the service's jobs will do with a request by themselves, and when, in the request's own time. */
export interface Plan {
  readonly does: "expire" | "decide" | "start";
  /** The next action that this leads to: decided on, or under way. */
  readonly action: Action;
  readonly operation?: EscrowOperation;
  readonly notBefore: number;
  /** Once it is so late, nothing happens any more. */
  readonly before: number;
}

const ANY_TIME = { notBefore: Number.NEGATIVE_INFINITY, before: Number.POSITIVE_INFINITY };

const expiry = ({ payByTime }: EscrowRequest): Plan | undefined =>
  payByTime === null
    ? undefined
    : {
        ...ANY_TIME,
        does: "expire",
        action: "WaitingForManualAction",
        notBefore: payByTime + PAY_BY_GRACE + 1,
      };

const isOneOf = (state: OnChainState | null, ...states: readonly OnChainState[]) =>
  state !== null && states.includes(state);

/** When the seller may collect, if ever; the time is the request's. */
function collectableFrom({ onChainState, resultHash, type, unlockTime }: EscrowRequest): number | undefined {
  if (!resultHash) return undefined;
  if (onChainState === "ResultSubmitted") return unlockTime + BLOCK_CLOCK_MARGIN;
  return type === "Web3CardanoV2" && onChainState === "WithdrawAuthorized" ? ANY_TIME.notBefore : undefined;
}

/** When the buyer may take the money back, if ever. A result that was submitted once stands in the way for good. */
function refundableFrom(request: EscrowRequest): number | undefined {
  const { onChainState, resultHash, type, submitResultTime } = request;
  if (resultHash !== null) return undefined;
  if (isOneOf(onChainState, "RefundRequested", "FundsLocked")) return submitResultTime + BLOCK_CLOCK_MARGIN;
  return type === "Web3CardanoV2" && onChainState === "RefundAuthorized" ? ANY_TIME.notBefore : undefined;
}

const start = (operation: EscrowOperation, action: Action, when: Partial<Plan>, cooldown: number): Plan => ({
  ...ANY_TIME,
  ...when,
  does: "start",
  operation,
  action,
  notBefore: Math.max(when.notBefore ?? ANY_TIME.notBefore, cooldown === 0 ? 0 : cooldown + COOLDOWN + 1),
});

/** What happens to a payment by itself, if anything. */
export function planForPayment(payment: EscrowRequest): Plan | undefined {
  const { type, onChainState, requestedAction, errorType, sellerCooldownTime } = payment;
  const isV2 = type === "Web3CardanoV2";
  if (onChainState === null) {
    const waits = requestedAction === "WaitingForExternalAction" || errorType !== null;
    return waits ? expiry(payment) : undefined;
  }
  if (errorType !== null) return undefined;
  switch (requestedAction) {
    case "WaitingForExternalAction": {
      const notBefore = collectableFrom(payment);
      return notBefore === undefined
        ? undefined
        : { ...ANY_TIME, does: "decide", action: "WithdrawRequested", notBefore };
    }
    case "SubmitResultRequested": {
      if (payment.actionResultHash === null) return undefined;
      const hasResult = isOneOf(onChainState, "ResultSubmitted", "Disputed");
      const last = isV2 && hasResult ? payment.externalDisputeUnlockTime : payment.submitResultTime;
      const before = last - RESULT_MARGIN;
      return start("SubmitResult", "SubmitResultInitiated", { before }, sellerCooldownTime);
    }
    case "WithdrawRequested": {
      const notBefore = collectableFrom(payment);
      return notBefore === undefined
        ? undefined
        : start("CollectPayment", "WithdrawInitiated", { notBefore }, sellerCooldownTime);
    }
    case "AuthorizeRefundRequested":
      return isOneOf(onChainState, "Disputed", ...(isV2 ? (["RefundRequested"] as const) : []))
        ? start("AuthorizeRefund", "AuthorizeRefundInitiated", {}, sellerCooldownTime)
        : undefined;
    default:
      return undefined;
  }
}

/** What happens to a purchase by itself, if anything; the payment itself is planned for all purchases of a source. */
export function planForPurchase(purchase: EscrowRequest): Plan | undefined {
  const { onChainState, requestedAction, errorType, buyerCooldownTime } = purchase;
  if (onChainState === null) {
    const waits = requestedAction === "FundsLockingRequested" || errorType !== null;
    return waits ? expiry(purchase) : undefined;
  }
  if (errorType !== null) return undefined;
  switch (requestedAction) {
    case "WaitingForExternalAction": {
      const notBefore = refundableFrom(purchase);
      return notBefore === undefined
        ? undefined
        : { ...ANY_TIME, does: "decide", action: "WithdrawRefundRequested", notBefore };
    }
    case "SetRefundRequestedRequested": {
      const before = purchase.unlockTime - REFUND_REQUEST_MARGIN;
      return isOneOf(onChainState, "FundsLocked", "ResultSubmitted", "Disputed")
        ? start("RequestRefund", "SetRefundRequestedInitiated", { before }, buyerCooldownTime)
        : undefined;
    }
    case "UnSetRefundRequestedRequested":
      return isOneOf(onChainState, "Disputed", "RefundRequested")
        ? start("CancelRefundRequest", "UnSetRefundRequestedInitiated", {}, buyerCooldownTime)
        : undefined;
    case "AuthorizeWithdrawalRequested":
      return onChainState === "Disputed"
        ? start("AuthorizeWithdrawal", "AuthorizeWithdrawalInitiated", {}, buyerCooldownTime)
        : undefined;
    case "WithdrawRefundRequested": {
      const notBefore = refundableFrom(purchase);
      return notBefore === undefined
        ? undefined
        : start("CollectRefund", "WithdrawRefundInitiated", { notBefore }, buyerCooldownTime);
    }
    default:
      return undefined;
  }
}

/** What the chain's state becomes by an operation on a contract in that state. */
export function stateAfter(
  operation: EscrowOperation,
  type: PaymentSourceType,
  state: OnChainState | null,
): OnChainState {
  const after: Record<EscrowOperation, OnChainState> = {
    LockFunds: "FundsLocked",
    SubmitResult: isOneOf(state, "RefundRequested", "Disputed") ? "Disputed" : "ResultSubmitted",
    RequestRefund: state === "FundsLocked" ? "RefundRequested" : "Disputed",
    CancelRefundRequest: state === "Disputed" ? "ResultSubmitted" : "FundsLocked",
    AuthorizeWithdrawal: "WithdrawAuthorized",
    AuthorizeRefund: type === "Web3CardanoV1" ? "RefundRequested" : "RefundAuthorized",
    CollectPayment: "Withdrawn",
    CollectRefund: "RefundWithdrawn",
  };
  return after[operation];
}

/** What is the seller's to do; the rest is the buyer's. */
export const isSellers = (operation: EscrowOperation) =>
  operation === "SubmitResult" || operation === "CollectPayment" || operation === "AuthorizeRefund";

/** How the service words that it could not do something. */
export const FAILED: Record<EscrowOperation, string> = {
  LockFunds: "Batching payments rejected by node: ",
  SubmitResult: "Submitting result failed: ",
  CollectPayment: "Collecting payments failed: ",
  RequestRefund: "Requesting refund failed: ",
  CancelRefundRequest: "Cancelling refund failed: ",
  AuthorizeWithdrawal: "Authorizing withdrawal failed: ",
  AuthorizeRefund: "Authorizing refund failed: ",
  CollectRefund: "Collecting refund failed: ",
};
