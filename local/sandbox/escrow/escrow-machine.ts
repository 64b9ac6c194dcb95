import { blockAt, BLOCK_TIME, type ChainEvent, REFUSED } from "../chain/blocks.ts";
import { type EscrowOperation, randomHex } from "../chain/cardano.ts";
import { stableCuid } from "../ids.ts";
import { type EscrowRequest, nextAction, type RequestChange } from "../store/payment-request.ts";
import type { Requests } from "../store/payment-requests.ts";
import type { Store } from "../store/store.ts";
import type { ChainTransaction, Fate } from "../store/transactions.ts";
import { applyConfirmed } from "./confirm.ts";
import { Locking } from "./locking.ts";
import { moveMoney } from "./money.ts";
import type { Batch, EscrowParts } from "./parts.ts";
import { type Plan, planForPayment, planForPurchase } from "./plans.ts";
import {
  batchOf,
  DECISION_TICK,
  FAILED,
  feeOf,
  isSellers,
  JOB_TICK,
  syncFrom,
  tickFrom,
  TRANSACTION_TIMEOUT,
} from "./escrow-rules.ts";

interface Start {
  readonly request: EscrowRequest;
  readonly wallet: string;
  readonly operation: EscrowOperation;
  readonly plan: Plan;
  readonly at: number;
}

/**
 * Moves payments and purchases on: the jobs of the seller's and the buyer's service, and the contract between them. In
 * the sandbox both are one service, so what is confirmed shows on both sides at once.
 *
 * The times of a request (payBy, submitResult, unlock, …) are stamps of the service's clock. They are put on the chain
 * when the request is made: an hour from then is an hour of the chain's deadline time, however fast that runs.
 */
export class EscrowMachine {
  readonly #parts: EscrowParts;
  readonly #locking: Locking;

  constructor(parts: EscrowParts) {
    this.#parts = parts;
    this.#locking = new Locking(parts, { start: (batch) => this.#begin(batch) });
  }

  /** What may happen next; transactions that are under way are not among it. */
  events(): ChainEvent[] {
    const { payments, purchases } = this.#parts.store;
    const openPurchases = purchases.open();
    const planned = [
      ...payments.open().map((request) => ({ request, requests: payments, plan: planForPayment(request) })),
      ...openPurchases.map((request) => ({ request, requests: purchases, plan: planForPurchase(request) })),
    ];
    const starts: Start[] = [];
    const events: ChainEvent[] = this.#locking.events(openPurchases);
    for (const { request, requests, plan } of planned) {
      if (!plan) continue;
      if (plan.does === "start") starts.push(...this.#startOf(request, plan));
      else events.push(this.#byItself(request, requests, plan));
    }
    return [...events, ...this.#batches(starts)];
  }

  /** The chain time of a time of a request. */
  #chainTimeOf(request: EscrowRequest, time: number): number {
    return time + request.chainOffset + this.#parts.clock.leaps;
  }

  #mustWait(request: EscrowRequest, { notBefore }: Plan): boolean {
    return notBefore + request.chainOffset > this.#parts.clock.deadlineTime();
  }

  /** A request that is given up, or that becomes due, without a transaction. */
  #byItself(request: EscrowRequest, requests: Requests, plan: Plan): ChainEvent {
    const from = Math.max(request.requestedAt, this.#chainTimeOf(request, plan.notBefore));
    const at = plan.does === "expire" ? syncFrom(from) : tickFrom(from, DECISION_TICK);
    const isPayment = requests === this.#parts.store.payments;
    const change = () =>
      plan.does === "expire"
        ? {
            onChainState: "FundsOrDatumInvalid" as const,
            ...nextAction(request, plan.action, {
              errorType: "Unknown",
              errorNote:
                `${isPayment ? "Payment" : "Purchase"} request payByTime (${request.payByTime}) passed without ` +
                `on-chain lock; no FundsLocked tx observed within 300s grace.`,
            }),
          }
        : nextAction(request, plan.action);
    return {
      at,
      waits: this.#mustWait(request, plan),
      run: () => requests.update(request, { ...change(), requestedAt: at }, this.#parts.now()),
    };
  }

  /** When a transaction for a request can start; nothing while its wallet, or its contract, is busy. */
  #startOf(request: EscrowRequest, plan: Plan): Start[] {
    const { wallet } = request;
    const { store } = this.#parts;
    if (wallet === null || plan.operation === undefined) return [];
    if (store.transactions.under(wallet) || this.#isContractBusy(request)) return [];
    const { freeSince } = store.ledger.account(wallet);
    const from = Math.max(request.requestedAt, freeSince, this.#chainTimeOf(request, plan.notBefore));
    const at = tickFrom(from, JOB_TICK);
    if (at >= this.#chainTimeOf(request, plan.before)) return [];
    return [{ request, wallet, plan, operation: plan.operation, at }];
  }

  /** The money lies in one output of the chain: one transaction at a time can move it. */
  #isContractBusy({ blockchainIdentifier }: EscrowRequest): boolean {
    const { payments, purchases, transactions } = this.#parts.store;
    return [payments, purchases].some((requests) => {
      const id = requests.byIdentifier(blockchainIdentifier)?.transactionId ?? null;
      const transaction = id === null ? undefined : transactions.get(id);
      return transaction !== undefined && transaction.step !== "done";
    });
  }

  /** Per wallet and operation, the first that can start with whatever can start together with it. */
  #batches(starts: readonly Start[]): ChainEvent[] {
    const groups = new Map<string, Start[]>();
    for (const start of starts) {
      const name = `${start.wallet} ${start.operation}`;
      groups.set(name, [...(groups.get(name) ?? []), start]);
    }
    return [...groups.values()].flatMap((group) => {
      const sorted = group.toSorted((a, b) => a.at - b.at);
      const first = sorted[0];
      if (!first) return [];
      const { at, wallet, operation, plan, request } = first;
      const together = sorted.filter((start) => start.at <= at).slice(0, batchOf(request.type));
      const requests = together.map((start) => start.request);
      const run = () => this.#begin({ operation, wallet, requests, at, action: plan.action });
      return [{ at, waits: this.#mustWait(request, plan), run }];
    });
  }

  #side(operation: EscrowOperation): Requests {
    return isSellers(operation) ? this.#parts.store.payments : this.#parts.store.purchases;
  }

  /** Signs and submits a transaction, unless the wallet is empty or the chain refuses it. */
  #begin({ operation, wallet, requests, at, action, change = () => ({}) }: Batch): void {
    const { store, faults } = this.#parts;
    const first = requests[0];
    if (!first) return;
    const { lovelace, locked } = store.ledger.account(wallet);
    if (lovelace - locked < feeOf(operation)) {
      this.#fail(operation, requests, at, "No UTXOs found in the wallet. Wallet is empty.");
      store.ledger.change(wallet, { freeSince: at });
      return;
    }
    const fault = faults.takeForTransaction(operation, first.agentName ?? "");
    if (fault?.kind === "fail-transaction") {
      this.#refuse(operation, requests, at, fault.error ?? REFUSED);
      store.ledger.change(wallet, { freeSince: at });
      return;
    }
    const fate: Fate = fault ? "dropped" : "lands";
    const txHash = randomHex(32);
    const next = fault
      ? ({ step: "give up", due: at + TRANSACTION_TIMEOUT } as const)
      : ({ step: "land", due: at + BLOCK_TIME } as const);
    const common = { wallet, type: first.type, operation, fate, reason: null, txHash };
    const id = store.transactions.insert({ ...common, ...next });
    for (const request of requests) {
      const keepsResult = operation === "SubmitResult";
      this.#change(operation, request, at, {
        ...nextAction(request, action, { resultHash: keepsResult ? request.actionResultHash : null }),
        ...change(request),
        transactionId: id,
        ...this.#pending(request, id, txHash),
      });
    }
  }

  #pending(request: EscrowRequest, transactionId: number, txHash: string): RequestChange {
    const now = this.#parts.now();
    const { currentTransaction, transactionHistory } = request;
    return {
      currentTransaction: {
        id: stableCuid(`transaction ${transactionId}`),
        createdAt: now,
        updatedAt: now,
        txHash,
        status: "Pending",
        fees: null,
        blockHeight: null,
        blockTime: null,
        previousOnChainState: null,
        newOnChainState: null,
        confirmations: null,
      },
      transactionHistory: currentTransaction
        ? [...transactionHistory, currentTransaction]
        : transactionHistory,
    };
  }

  #change(operation: EscrowOperation, request: EscrowRequest, at: number, change: RequestChange): void {
    this.#side(operation).update(request, { ...change, requestedAt: at }, this.#parts.now());
  }

  #fail(operation: EscrowOperation, requests: readonly EscrowRequest[], at: number, reason: string): void {
    const error = { errorType: "Unknown", errorNote: `${FAILED[operation]}${reason}` };
    for (const request of requests) {
      this.#change(operation, request, at, nextAction(request, "WaitingForManualAction", error));
    }
  }

  /** A result that the chain refused is tried again, anything else is left to people. */
  #refuse(operation: EscrowOperation, requests: readonly EscrowRequest[], at: number, reason: string): void {
    if (operation !== "SubmitResult") return this.#fail(operation, requests, at, reason);
    for (const request of requests) {
      const again = { resultHash: request.actionResultHash };
      this.#change(operation, request, at, nextAction(request, "SubmitResultRequested", again));
    }
  }

  /** The next step of a transaction of an escrow. */
  step(transaction: ChainTransaction & { operation: EscrowOperation }): void {
    const { store } = this.#parts;
    const requests = this.#side(transaction.operation).byTransaction(transaction.id);
    if (transaction.step === "land") {
      moveMoney(this.#parts, transaction, requests);
      store.transactions.update(transaction.id, { step: "confirm", due: syncFrom(transaction.due) });
    } else if (transaction.step === "confirm") {
      const block = blockAt(transaction.due, this.#parts.clock.real());
      const confirmed = {
        ...block,
        fees: String(feeOf(transaction.operation)),
        status: "Confirmed",
      } as const;
      for (const request of requests) {
        applyConfirmed(this.#parts, { transaction, request, confirmed, share: requests.length });
      }
      this.#finish(transaction, confirmed);
    } else {
      for (const request of requests) this.#giveUp(transaction, request);
      this.#finish(transaction, { status: "FailedViaTimeout" });
    }
  }

  #giveUp(
    { operation, due }: ChainTransaction & { operation: EscrowOperation },
    request: EscrowRequest,
  ): void {
    const { currentTransaction } = request;
    const now = this.#parts.now();
    this.#change(operation, request, due, {
      ...nextAction(request, "WaitingForExternalAction", {
        errorType: "Unknown",
        errorNote: "Timeout when waiting for transaction",
      }),
      currentTransaction: currentTransaction && {
        ...currentTransaction,
        status: "FailedViaTimeout",
        updatedAt: now,
      },
    });
  }

  #finish(transaction: ChainTransaction, change: Parameters<Store["transactions"]["update"]>[1]): void {
    this.#parts.store.transactions.update(transaction.id, { ...change, step: "done" });
    this.#parts.store.ledger.change(transaction.wallet, { freeSince: transaction.due });
  }
}
