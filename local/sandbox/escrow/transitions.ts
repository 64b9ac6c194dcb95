import type { Action, OnChainState } from "../store/payment-request.ts";

/** What the service does next once it has seen the chain in another state, and what it notes if that is a surprise. */
export interface Outcome {
  readonly action: Action;
  readonly errorNote: string | null;
}

type Expected = Partial<Record<OnChainState, Action>>;

const WAIT: Action = "WaitingForExternalAction";
const END: Expected = { Withdrawn: "None", RefundWithdrawn: "None", DisputedWithdrawn: "None" };

const whoeverWaits: Expected = {
  FundsLocked: WAIT,
  ResultSubmitted: WAIT,
  RefundRequested: WAIT,
  Disputed: WAIT,
  WithdrawAuthorized: WAIT,
  RefundAuthorized: WAIT,
  ...END,
};

const refundable = (action: Action): Expected => ({
  FundsLocked: action,
  RefundRequested: action,
  Disputed: action,
  RefundAuthorized: action,
  WithdrawAuthorized: WAIT,
  RefundWithdrawn: "None",
});
const cancelled = (action: Action): Expected => ({
  FundsLocked: WAIT,
  ResultSubmitted: WAIT,
  RefundRequested: action,
  Disputed: action,
});

/** By the action that was next: what each state of the chain leads to. A state that is not named is a surprise. */
const EXPECTED: Partial<Record<Action, Expected>> = {
  WaitingForExternalAction: whoeverWaits,
  // The seller's.
  SubmitResultRequested: {
    FundsLocked: "SubmitResultRequested",
    ResultSubmitted: "SubmitResultRequested",
    RefundRequested: "SubmitResultRequested",
    Disputed: "SubmitResultRequested",
  },
  SubmitResultInitiated: {
    FundsLocked: "SubmitResultRequested",
    RefundRequested: "SubmitResultRequested",
    ResultSubmitted: WAIT,
    Disputed: WAIT,
  },
  WithdrawRequested: { Disputed: "WithdrawRequested", WithdrawAuthorized: "WithdrawRequested" },
  WithdrawInitiated: {
    Disputed: "WithdrawRequested",
    WithdrawAuthorized: "WithdrawRequested",
    Withdrawn: "None",
  },
  AuthorizeRefundRequested: {
    ResultSubmitted: "AuthorizeRefundRequested",
    Disputed: "AuthorizeRefundRequested",
    RefundAuthorized: WAIT,
  },
  AuthorizeRefundInitiated: {
    Disputed: "AuthorizeRefundRequested",
    RefundRequested: WAIT,
    RefundAuthorized: WAIT,
  },
  // The buyer's.
  FundsLockingInitiated: { FundsLocked: WAIT },
  SetRefundRequestedRequested: {
    FundsLocked: "SetRefundRequestedRequested",
    ResultSubmitted: "SetRefundRequestedRequested",
    RefundRequested: "SetRefundRequestedRequested",
    Disputed: WAIT,
  },
  SetRefundRequestedInitiated: {
    FundsLocked: "SetRefundRequestedRequested",
    ResultSubmitted: "SetRefundRequestedRequested",
    RefundRequested: WAIT,
    Disputed: WAIT,
  },
  UnSetRefundRequestedRequested: cancelled("UnSetRefundRequestedRequested"),
  UnSetRefundRequestedInitiated: cancelled("UnSetRefundRequestedRequested"),
  WithdrawRefundRequested: refundable("WithdrawRefundRequested"),
  WithdrawRefundInitiated: refundable("WithdrawRefundRequested"),
  AuthorizeWithdrawalRequested: {
    Disputed: "AuthorizeWithdrawalRequested",
    WithdrawAuthorized: WAIT,
  },
  AuthorizeWithdrawalInitiated: {
    Disputed: "AuthorizeWithdrawalRequested",
    WithdrawAuthorized: WAIT,
  },
};

const SURPRISE = "Unexpected state change detected. Possible a action could not be executed in time";
const BY_SOMEBODY = "Unexpected state change detected. Possible a action was executed externally";
const AFTER_MANUAL = "State change detected after manual action was required";

export function outcomeOf(action: Action, state: OnChainState): Outcome {
  const next = EXPECTED[action]?.[state];
  if (next) return { action: next, errorNote: null };
  const isAuthorization = state === "WithdrawAuthorized" || state === "RefundAuthorized";
  const note = isAuthorization ? BY_SOMEBODY : SURPRISE;
  return {
    action: "WaitingForManualAction",
    errorNote: action === "WaitingForManualAction" ? AFTER_MANUAL : note,
  };
}
