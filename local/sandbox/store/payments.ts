import type { SQLInputValue } from "node:sqlite";
import type { Network, PaymentSourceType } from "../cardano.ts";
import type { Prepare } from "./database.ts";
import { adaRange, Conditions, newestFirst, stateWords } from "./search.ts";

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
export const REQUESTED_ACTIONS = [
  "None",
  "Ignore",
  "WaitingForManualAction",
  "WaitingForExternalAction",
  "SubmitResultRequested",
  "SubmitResultInitiated",
  "WithdrawRequested",
  "WithdrawInitiated",
  "AuthorizeRefundRequested",
  "AuthorizeRefundInitiated",
] as const;

/** One payment to an agent. Times are milliseconds since 1970. */
export interface Payment {
  readonly id: string;
  readonly network: Network;
  readonly type: PaymentSourceType;
  /** Smart contract address of the payment source. */
  readonly contract: string;
  /** Vkey of the selling wallet; null when nobody knows the agent. */
  readonly wallet: string | null;
  /** Id of the key that made the payment. */
  readonly owner: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly nextActionChangedAt: number;
  readonly onChainChangedAt: number;
  readonly agentIdentifier: string;
  readonly agentName: string | null;
  readonly pricingType: string;
  readonly requestedFunds: readonly { readonly amount: string; readonly unit: string }[];
  readonly blockchainIdentifier: string;
  readonly inputHash: string;
  /** "" until there is a result. */
  readonly resultHash: string;
  readonly onChainState: (typeof ON_CHAIN_STATES)[number] | null;
  readonly requestedAction: (typeof REQUESTED_ACTIONS)[number];
  readonly errorType: string | null;
  readonly errorNote: string | null;
  readonly payByTime: number | null;
  readonly submitResultTime: number;
  readonly unlockTime: number;
  readonly externalDisputeUnlockTime: number;
}

type Stamp = "updatedAt" | "nextActionChangedAt" | "onChainChangedAt";
export type NewPayment = Omit<Payment, Stamp>;
export type PaymentChange = Partial<Omit<NewPayment, "id" | "createdAt">>;

/** Which payments a list is about; all given conditions must hold. */
export interface PaymentFilter {
  readonly network: Network;
  readonly type?: PaymentSourceType | undefined;
  readonly contract?: string | undefined;
  readonly wallets?: readonly string[] | undefined;
  readonly onChainState?: string | undefined;
  readonly needsManualAction?: boolean | undefined;
  readonly search?: string | undefined;
}

function fromRow(row: Record<string, unknown>): Payment {
  const { seq: _seq, searchText: _searchText, requestedFunds, ...rest } = row;
  return { ...rest, requestedFunds: JSON.parse(String(requestedFunds)) } as unknown as Payment;
}

export class Payments {
  readonly #prepare: Prepare;
  readonly #addressOf: (vkey: string) => string;
  readonly #shuffle: boolean;

  constructor(prepare: Prepare, addressOf: (vkey: string) => string, shuffle: boolean) {
    this.#prepare = prepare;
    this.#addressOf = addressOf;
    this.#shuffle = shuffle;
  }

  #columns(payment: Payment): Record<string, SQLInputValue> {
    const { id, inputHash, resultHash, agentName, onChainState, network, wallet } = payment;
    const state = onChainState === null ? "" : stateWords(onChainState);
    const address = wallet === null ? "" : this.#addressOf(wallet);
    const texts = [id, inputHash, resultHash, agentName ?? "", state, network, address];
    return {
      ...payment,
      requestedFunds: JSON.stringify(payment.requestedFunds),
      searchText: texts.join("\n").toLowerCase(),
    };
  }

  insert(payment: NewPayment): Payment {
    const at = payment.createdAt;
    const inserted = { ...payment, updatedAt: at, nextActionChangedAt: at, onChainChangedAt: at };
    const columns = this.#columns(inserted);
    const names = Object.keys(columns);
    this.#prepare(
      `INSERT INTO payments (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    ).run(...Object.values(columns));
    return inserted;
  }

  /** Changes a payment at the given time, with the stamps of what has really changed. */
  update(payment: Payment, change: PaymentChange, now: number): Payment {
    const changed = { ...payment, ...change, updatedAt: now };
    const differs = (...names: readonly (keyof Payment)[]) =>
      names.some((name) => changed[name] !== payment[name]);
    const updated = {
      ...changed,
      ...(differs("requestedAction", "errorType", "errorNote") ? { nextActionChangedAt: now } : {}),
      ...(differs("onChainState", "resultHash") ? { onChainChangedAt: now } : {}),
    };
    const columns = this.#columns(updated);
    const sets = Object.keys(columns).map((name) => `${name} = ?`);
    this.#prepare(`UPDATE payments SET ${sets.join(", ")} WHERE id = ?`).run(
      ...Object.values(columns),
      payment.id,
    );
    return updated;
  }

  get(id: string): Payment | undefined {
    const row = this.#prepare("SELECT * FROM payments WHERE id = ?").get(id);
    return row && fromRow(row);
  }

  /** Forgets all of them and says how many there were. */
  clear(): number {
    return Number(this.#prepare("DELETE FROM payments").run().changes);
  }

  page(filter: PaymentFilter, limit: number, cursorId?: string): Payment[] {
    return newestFirst(this.#prepare, {
      select: "SELECT * FROM payments r",
      table: "payments",
      conditions: conditionsOf(filter),
      limit,
      cursorId,
      shuffle: this.#shuffle,
    }).map(fromRow);
  }

  count(filter: PaymentFilter): number {
    const { where, values } = conditionsOf(filter);
    const counted = this.#prepare(`SELECT count(*) AS total FROM payments r WHERE ${where}`);
    return Number(counted.get(...values)?.["total"]);
  }
}

function conditionsOf(filter: PaymentFilter): Conditions {
  const conditions = new Conditions();
  conditions.equal("r.network", filter.network);
  conditions.equal("r.type", filter.type);
  conditions.equal("r.contract", filter.contract);
  conditions.equal("r.onChainState", filter.onChainState);
  conditions.oneOf("r.wallet", filter.wallets);
  if (filter.needsManualAction)
    conditions.add("(r.requestedAction = 'WaitingForManualAction' OR r.errorType IS NOT NULL)");
  if (filter.search) addSearch(filter.search.toLowerCase(), conditions);
  return conditions;
}

function addSearch(query: string, conditions: Conditions): void {
  const range = adaRange(query);
  const text = "instr(r.searchText, ?) > 0";
  if (!range) return conditions.add(text, query);
  conditions.add(
    `(${text} OR EXISTS (SELECT 1 FROM json_each(r.requestedFunds) f
       WHERE f.value ->> 'unit' = '' AND CAST(f.value ->> 'amount' AS INTEGER) BETWEEN ? AND ?))`,
    query,
    ...range,
  );
}
