import type { EscrowOperation } from "../chain/cardano.ts";
import { stableCuid } from "../ids.ts";
import {
  type EscrowRequest,
  nextAction,
  type OnChainState,
  type RequestChange,
  type RequestTransaction,
} from "../store/payment-request.ts";
import type { Requests } from "../store/payment-requests.ts";
import type { ChainTransaction } from "../store/transactions.ts";
import type { EscrowParts } from "./parts.ts";
import { cooldownFrom, feeOf, isSellers, lockedLovelace, stateAfter } from "./escrow-rules.ts";
import { outcomeOf } from "./transitions.ts";

export interface Confirmation {
  readonly transaction: ChainTransaction & { operation: EscrowOperation };
  /** The request of the side that made the transaction. */
  readonly request: EscrowRequest;
  readonly confirmed: Pick<
    RequestTransaction,
    "status" | "fees" | "blockHeight" | "blockTime" | "confirmations"
  >;
  /** How many requests share the fee. */
  readonly share: number;
}

/** What both sides write down when they see a transaction on the chain. */
export function applyConfirmed(parts: EscrowParts, confirmation: Confirmation): void {
  const { payments, purchases } = parts.store;
  const { request, transaction } = confirmation;
  const { operation } = transaction;
  const state = stateAfter(operation, request.type, request.onChainState);
  const [own, others] = isSellers(operation) ? [payments, purchases] : [purchases, payments];
  const other = others.byIdentifier(request.blockchainIdentifier);
  const result = operation === "SubmitResult" ? request.actionResultHash : request.resultHash;
  change(parts, confirmation, { requests: own, side: request, state, result });
  if (!other?.isDriven) return;
  if (operation === "LockFunds") lockPayment(parts, confirmation, other);
  else if (other.onChainState === request.onChainState) {
    change(parts, confirmation, { requests: others, side: other, state, result });
  }
}

/** The seller's service looks closely at what somebody locked for it, unless it has given the payment up. */
function lockPayment(parts: EscrowParts, confirmation: Confirmation, payment: EscrowRequest): void {
  if (payment.onChainState !== null || payment.requestedAction !== "WaitingForExternalAction") return;
  const { request: purchase } = confirmation;
  const { lovelace, collateral } = lockedLovelace(purchase.funds);
  const isPaid = payment.funds.every(({ unit, amount }) =>
    unit === ""
      ? Number(amount) <= lovelace - collateral
      : purchase.funds.some((paid) => paid.unit === unit && paid.amount === amount),
  );
  change(parts, confirmation, {
    requests: parts.store.payments,
    side: payment,
    state: isPaid ? "FundsLocked" : "FundsOrDatumInvalid",
    result: null,
    note: isPaid ? null : "Payment amounts do not match. This likely is a spoofing attempt.",
    more: {
      otherWallet: purchase.wallet,
      collateralReturnLovelace: collateral,
      ...(payment.type === "Web3CardanoV2" ? { buyerReturnAddress: purchase.buyerReturnAddress } : {}),
    },
  });
}

interface SideChange {
  readonly requests: Requests;
  readonly side: EscrowRequest;
  readonly state: OnChainState;
  readonly result: string | null;
  readonly note?: string | null;
  readonly more?: RequestChange;
}

function change(
  parts: EscrowParts,
  confirmation: Confirmation,
  { requests, side, state, result, note, more }: SideChange,
): void {
  const { transaction, share } = confirmation;
  const now = parts.now();
  const { action, errorNote } =
    note != null
      ? { action: "WaitingForManualAction" as const, errorNote: note }
      : outcomeOf(side.requestedAction, state);
  const fee = Math.floor(feeOf(transaction.operation) / share);
  const sellers = isSellers(transaction.operation);
  requests.update(
    side,
    {
      ...nextAction(side, action, { errorNote, errorType: errorNote === null ? null : "Unknown" }),
      ...cooldowns(parts, confirmation, state, side),
      ...(sellers ? { sellerFees: side.sellerFees + fee } : { buyerFees: side.buyerFees + fee }),
      ...transactionsOf(confirmation, side, state, now),
      onChainState: state,
      resultHash: result,
      requestedAt: transaction.due,
      ...more,
    },
    now,
  );
}

/** Whoever has acted rests for a while; the end of the contract ends that too. */
function cooldowns(
  { clock }: EscrowParts,
  { transaction }: Confirmation,
  state: OnChainState,
  side: EscrowRequest,
): RequestChange {
  if (transaction.operation === "LockFunds") return {};
  const isOver = state === "Withdrawn" || state === "RefundWithdrawn";
  const until = cooldownFrom(transaction.due - clock.leaps - side.chainOffset);
  const sellers = isSellers(transaction.operation);
  return {
    sellerCooldownTime: sellers && !isOver ? until : 0,
    buyerCooldownTime: !sellers && !isOver ? until : 0,
  };
}

/** The side's own transaction is confirmed; the other side sees it for the first time. */
function transactionsOf(
  { transaction, confirmed }: Confirmation,
  side: EscrowRequest,
  state: OnChainState,
  now: number,
): RequestChange {
  const { currentTransaction, transactionHistory } = side;
  const seen = {
    ...confirmed,
    txHash: transaction.txHash,
    updatedAt: now,
    previousOnChainState: side.onChainState,
    newOnChainState: state,
  };
  if (currentTransaction && currentTransaction.txHash === transaction.txHash) {
    return { currentTransaction: { ...currentTransaction, ...seen } };
  }
  return {
    currentTransaction: {
      id: stableCuid(`transaction ${transaction.id} as ${side.id} sees it`),
      createdAt: now,
      ...seen,
    },
    transactionHistory: currentTransaction ? [...transactionHistory, currentTransaction] : transactionHistory,
  };
}
