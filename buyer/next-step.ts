import type { JobStatus } from "./agent-wire.ts";
import { type HashRule, ruleOfResult } from "./hashes.ts";
import { ACTION, type Purchase, REFUND_STATES } from "./purchase-wire.ts";

/** How far a hire is, as progress shows it. */
export type Stage = "locking" | "locked" | "running" | "delivered" | "refunding";

/** What is to be done about a paid job that stands like this. */
export type Step =
  | { readonly does: "wait"; readonly stage: Stage }
  | { readonly does: "answer" }
  | { readonly does: "ask-refund"; readonly why: string }
  | { readonly does: "end"; readonly outcome: Outcome };

export type Outcome =
  | { readonly kind: "result"; readonly result: string; readonly rule: HashRule }
  | { readonly kind: "differs"; readonly result: string }
  | { readonly kind: "refund" }
  | { readonly kind: "not-paid"; readonly why: string };

/** How a paid job stands. */
export interface Standing {
  readonly purchase: Purchase;
  /** What the agent said last; undefined while it does not answer. */
  readonly job: JobStatus | undefined;
  readonly purchaser: string;
  /** Now, in Unix milliseconds. */
  readonly now: number;
  /** Whether the buyer wants the money back, whatever the job does. */
  readonly wantsRefund: boolean;
}

/** Requests for a refund must be on the chain some time before the seller may collect. */
const REFUND_MARGIN_MS = 10 * 60_000;

const wait = (stage: Stage): Step => ({ does: "wait", stage });
const end = (outcome: Outcome): Step => ({ does: "end", outcome });

/** Decide in one place what to do, from what the purchase and the job are now. */
export function nextStep(standing: Standing): Step {
  const { purchase, job, now } = standing;
  const { onChainState: state, NextAction: action } = purchase;
  if (state == null) return beforeLocking(purchase, now);
  if (state === "FundsOrDatumInvalid") return end({ kind: "not-paid", why: whyInvalid(purchase, now) });
  if (REFUND_STATES.includes(state) || ACTION.refund.some((one) => one === action.requestedAction)) {
    return end({ kind: "refund" });
  }
  const reason = reasonForRefund(standing);
  if (reason)
    return action.requestedAction === ACTION.waiting
      ? { does: "ask-refund", why: reason }
      : wait("refunding");
  return withFundsLocked(standing, job);
}

/** The service has one state for wrong funds and for none that came in time; it notes the latter. */
function whyInvalid(
  { payByTime, CurrentTransaction: transaction, NextAction: action }: Purchase,
  now: number,
): string {
  const isLate = payByTime != null && now > payByTime;
  if (isLate && (!transaction || /without on-chain lock/.test(action.errorNote ?? ""))) {
    return "The offer has expired (PAYMENT_EXPIRED): no funds were locked before payByTime.";
  }
  return "What is locked on the chain is not what was agreed (FundsOrDatumInvalid).";
}

function beforeLocking({ NextAction: action, submitResultTime }: Purchase, now: number): Step {
  const isStuck = action.errorType != null || action.requestedAction === ACTION.operator;
  if (isStuck) {
    const note = action.errorNote ?? action.errorType ?? "it was not paid in time";
    return end({ kind: "not-paid", why: `The payment service could not lock the funds: ${note}` });
  }
  if (now > submitResultTime) {
    return end({ kind: "not-paid", why: "The payment service did not lock the funds in time." });
  }
  return wait("locking");
}

function reasonForRefund({ purchase, job, now, wantsRefund }: Standing): string | undefined {
  const isOpen = purchase.onChainState === "FundsLocked" || purchase.onChainState === "ResultSubmitted";
  if (!isOpen) return undefined;
  if (wantsRefund) return "you asked for it";
  if (job?.status === "failed") return "the agent says that the job failed";
  if (!purchase.resultHash && now > purchase.submitResultTime) return "there was no result in time";
  const isDelivered = job?.status === "completed" && Boolean(job.result);
  if (purchase.resultHash && !isDelivered && now > purchase.unlockTime - REFUND_MARGIN_MS) {
    return "the agent submitted a result's hash to the chain, and no result to the buyer";
  }
  return undefined;
}

function withFundsLocked(
  { purchase: { resultHash }, purchaser }: Standing,
  job: JobStatus | undefined,
): Step {
  if (job?.status === "completed" && job.result) {
    if (!resultHash) return wait("delivered");
    const rule = ruleOfResult(purchaser, job.result, resultHash);
    return end(rule ? { kind: "result", result: job.result, rule } : { kind: "differs", result: job.result });
  }
  if (job?.status === "awaiting_input") return { does: "answer" };
  return wait(job?.status === "running" ? "running" : "locked");
}
