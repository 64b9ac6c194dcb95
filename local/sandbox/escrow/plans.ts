import type { EscrowOperation } from "../chain/cardano.ts";
import type { Action, EscrowRequest } from "../store/payment-request.ts";
import { COOLDOWN, isOneOf, MINUTE, RESULT_MARGIN } from "./escrow-rules.ts";

/** A payment that nobody has paid is given up so long after its time. */
const PAY_BY_GRACE = 5 * MINUTE;
/** The buyer may ask for the money back only so long before the seller may collect. */
const REFUND_REQUEST_MARGIN = 3 * MINUTE;
/** What becomes due by a time is done so long after it, since the clocks of blocks differ. */
const BLOCK_CLOCK_MARGIN = 10 * MINUTE;

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
