import { CONFIRMATION_OFFSET, SECOND } from "../chain/blocks.ts";
import type { EscrowOperation, PaymentSourceType } from "../chain/cardano.ts";
import type { Amount, OnChainState } from "../store/payment-request.ts";

// The service's rules for escrows, with the intervals of its jobs by default; milliseconds.

export const MINUTE = 60 * SECOND;
/** How often the jobs look: for purchases to pay, for what is due by itself, for transactions that have landed. */
export const LOCK_TICK = 30 * SECOND;
export const DECISION_TICK = 30 * SECOND;
const SYNC_TICK = 20 * SECOND;
/** How often they look for anything else that was asked for. */
export const JOB_TICK = 15 * SECOND;

/** Funds are locked, and results submitted, only so long before their time. */
export const LOCK_MARGIN = 57 * SECOND;
export const RESULT_MARGIN = 5 * MINUTE;
/** Whoever has acted on a contract may not act again for so long. */
export const COOLDOWN = 7 * MINUTE;
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

export const isOneOf = (state: OnChainState | null, ...states: readonly OnChainState[]) =>
  state !== null && states.includes(state);

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
