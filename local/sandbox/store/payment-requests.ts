import type { SQLInputValue } from "node:sqlite";
import type { Network, PaymentSourceType } from "../chain/cardano.ts";
import type { Prepare } from "./database.ts";
import { type EscrowRequest, type NewRequest, NOTHING_YET, type RequestChange } from "./payment-request.ts";
import { amountRange, Conditions, newestFirst } from "./search.ts";

/** Which requests a list is about; all given conditions must hold. */
export interface RequestFilter {
  readonly network: Network;
  readonly type?: PaymentSourceType | undefined;
  readonly contract?: string | undefined;
  readonly wallets?: readonly string[] | undefined;
  readonly onChainState?: string | undefined;
  readonly needsManualAction?: boolean | undefined;
  readonly search?: string | undefined;
}

/** Which change a list of changes goes by. */
export type ChangeKind = "action" | "chain" | "any";
const CHANGED_AT: Record<ChangeKind, string> = {
  action: "r.nextActionChangedAt",
  chain: "r.onChainChangedAt",
  any: "max(r.nextActionChangedAt, r.onChainChangedAt)",
};

const JSON_COLUMNS = [
  "funds",
  "walletScope",
  "currentTransaction",
  "transactionHistory",
  "actionHistory",
] as const;

function fromRow(row: Record<string, unknown>): EscrowRequest {
  const { seq: _seq, searchText: _searchText, ...rest } = row;
  const parsed = Object.fromEntries(JSON_COLUMNS.map((name) => [name, JSON.parse(String(rest[name]))]));
  return { ...rest, ...parsed, isDriven: rest["isDriven"] === 1 } as unknown as EscrowRequest;
}

/** The payments or the purchases. */
export class Requests {
  readonly #prepare: Prepare;
  readonly #table: "payments" | "purchases";
  readonly #addressOf: (vkey: string) => string;
  readonly #shuffle: boolean;

  constructor(
    prepare: Prepare,
    table: "payments" | "purchases",
    options: { addressOf: (vkey: string) => string; shuffle: boolean },
  ) {
    this.#prepare = prepare;
    this.#table = table;
    this.#addressOf = options.addressOf;
    this.#shuffle = options.shuffle;
  }

  #columns(request: EscrowRequest): Record<string, SQLInputValue> {
    const { id, agentIdentifier, agentName, onChainState, wallet, currentTransaction } = request;
    const state = onChainState ?? "";
    const texts = [
      id,
      agentIdentifier,
      agentName ?? "",
      currentTransaction?.txHash ?? "",
      wallet === null ? "" : this.#addressOf(wallet),
      state,
      state.replaceAll(/(?!^)([A-Z])/g, " $1"),
    ];
    const columns: Record<string, unknown> = {
      ...request,
      ...Object.fromEntries(JSON_COLUMNS.map((name) => [name, JSON.stringify(request[name])])),
      isDriven: request.isDriven ? 1 : 0,
      searchText: texts.join("\n").toLowerCase(),
    };
    return columns as Record<string, SQLInputValue>;
  }

  insert(request: NewRequest): EscrowRequest {
    const at = request.createdAt;
    const stamps = { updatedAt: at, nextActionChangedAt: at, onChainChangedAt: at };
    const inserted: EscrowRequest = { ...NOTHING_YET, ...request, ...stamps };
    const columns = this.#columns(inserted);
    const names = Object.keys(columns);
    this.#prepare(
      `INSERT INTO ${this.#table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    ).run(...Object.values(columns));
    return inserted;
  }

  /** Changes a request at the given time, with the stamps of what has really changed. */
  update(request: EscrowRequest, change: RequestChange, now: number): EscrowRequest {
    const changed = { ...request, ...change, updatedAt: now };
    const differs = (...names: readonly (keyof EscrowRequest)[]) =>
      names.some((name) => changed[name] !== request[name]);
    const updated = {
      ...changed,
      ...(differs("requestedAction", "errorType", "errorNote", "actionHistory")
        ? { nextActionChangedAt: now }
        : {}),
      ...(differs("onChainState", "resultHash") ? { onChainChangedAt: now } : {}),
    };
    const columns = this.#columns(updated);
    const sets = Object.keys(columns).map((name) => `${name} = ?`);
    this.#prepare(`UPDATE ${this.#table} SET ${sets.join(", ")} WHERE id = ?`).run(
      ...Object.values(columns),
      request.id,
    );
    return updated;
  }

  #all(conditions: string, ...values: SQLInputValue[]): EscrowRequest[] {
    return this.#prepare(`SELECT * FROM ${this.#table} r WHERE ${conditions}`)
      .all(...values)
      .map(fromRow);
  }

  get(id: string): EscrowRequest | undefined {
    return this.#all("id = ?", id)[0];
  }

  byIdentifier(blockchainIdentifier: string): EscrowRequest | undefined {
    return this.#all("blockchainIdentifier = ?", blockchainIdentifier)[0];
  }

  byTransaction(transactionId: number): EscrowRequest[] {
    return this.#all("transactionId = ? ORDER BY seq", transactionId);
  }

  /** Those that the chain or the service's jobs may still move on, oldest first. */
  open(): EscrowRequest[] {
    return this.#all(
      `isDriven = 1 AND (onChainState IS NULL OR requestedAction NOT IN ('None', 'Ignore', 'WaitingForManualAction'))
       ORDER BY seq`,
    );
  }

  /** All that a key has asked for, by unit. */
  sumsOf(owner: string): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    for (const { funds } of this.#all("owner = ?", owner)) {
      for (const { unit, amount } of funds) sums.set(unit, (sums.get(unit) ?? 0n) + BigInt(amount));
    }
    return sums;
  }

  /** Forgets all of them and says how many there were. */
  clear(): number {
    return Number(this.#prepare(`DELETE FROM ${this.#table}`).run().changes);
  }

  page(filter: RequestFilter, limit: number, cursorId?: string): EscrowRequest[] {
    return newestFirst(this.#prepare, {
      select: `SELECT * FROM ${this.#table} r`,
      table: this.#table,
      conditions: conditionsOf(filter),
      limit,
      cursorId,
      shuffle: this.#shuffle,
    }).map(fromRow);
  }

  /** What changed at or after a moment, oldest change first; the cursor breaks a tie at that moment. */
  changedSince(
    kind: ChangeKind,
    filter: RequestFilter,
    since: number,
    limit: number,
    cursorId = "",
  ): EscrowRequest[] {
    const { where, values } = conditionsOf(filter);
    const at = CHANGED_AT[kind];
    return this.#all(
      `${where} AND (${at} > ? OR (${at} = ? AND r.id >= ?)) ORDER BY ${at}, r.id LIMIT ?`,
      ...values,
      since,
      since,
      cursorId,
      limit,
    );
  }

  count(filter: RequestFilter): number {
    const { where, values } = conditionsOf(filter);
    const counted = this.#prepare(`SELECT count(*) AS total FROM ${this.#table} r WHERE ${where}`);
    return Number(counted.get(...values)?.["total"]);
  }
}

function conditionsOf(filter: RequestFilter): Conditions {
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
  const range = amountRange(query);
  const text = "instr(r.searchText, ?) > 0";
  if (!range) return conditions.add(text, query);
  conditions.add(
    `(${text} OR EXISTS (SELECT 1 FROM json_each(r.funds) f
       WHERE CAST(f.value ->> 'amount' AS INTEGER) BETWEEN ? AND ?))`,
    query,
    ...range,
  );
}
