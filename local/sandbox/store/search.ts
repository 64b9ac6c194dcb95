import type { SQLInputValue } from "node:sqlite";
import type { Prepare } from "./database.ts";

/** Whether a part of a state is asked for: FundsLocked is found as "fundslocked" and as "funds locked". */
export const isStateWith = (state: string, query: string): boolean =>
  state.toLowerCase().includes(query) ||
  state
    .replaceAll(/(?!^)([A-Z])/g, " $1")
    .toLowerCase()
    .includes(query);

const LARGEST_AMOUNT = 2n ** 63n - 1n;

/**
 * A number means all amounts of base units, of whatever token, that begin with it as ADA: 5 = 5000000 to 5999999. A number
 * with more than six decimals means none, unless the rest is zeros.
 */
export function amountRange(query: string): readonly [bigint, bigint] | undefined {
  const match = /^(\d+)(?:\.(\d*))?$/.exec(query);
  if (!match) return undefined;
  const [, whole = "", decimals = ""] = match;
  const from = BigInt(`${whole}${decimals.slice(0, 6).padEnd(6, "0")}`);
  if (/[1-9]/.test(decimals.slice(6)) || from > LARGEST_AMOUNT) return undefined;
  const to = from + 10n ** BigInt(Math.max(0, 6 - decimals.length)) - 1n;
  return [from, to < LARGEST_AMOUNT ? to : LARGEST_AMOUNT];
}

/** Conditions that must all hold, with their values in the same order. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly values: SQLInputValue[] = [];

  add(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#parts.push(sql);
    this.values.push(...values);
  }

  /** Left out when there is no list. */
  oneOf(column: string, list: readonly string[] | undefined): void {
    if (list) this.add(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(list));
  }

  /** Left out when the value is. */
  equal(column: string, value: SQLInputValue | undefined): void {
    if (value !== undefined) this.add(`${column} = ?`, value);
  }

  get where(): string {
    return this.#parts.join(" AND ");
  }
}

export interface PageQuery {
  /** All of the statement before WHERE; the listed table is called r. */
  readonly select: string;
  readonly table: string;
  readonly conditions: Conditions;
  readonly limit: number;
  readonly cursorId?: string | undefined;
  /** Rows of the same createdAt come in any order, else the later written first. */
  readonly shuffle: boolean;
}

/** Newest first. A cursor row is part of the page; a cursor outside the conditions gives an empty page. */
export function newestFirst(prepare: Prepare, query: PageQuery): Record<string, unknown>[] {
  const { select, table, limit, cursorId } = query;
  const { where, values } = query.conditions;
  const order = `ORDER BY r.createdAt DESC, ${query.shuffle ? "random()" : "r.seq DESC"} LIMIT ?`;
  if (cursorId === undefined) return prepare(`${select} WHERE ${where} ${order}`).all(...values, limit);
  const found = prepare(`SELECT r.createdAt FROM ${table} r WHERE ${where} AND r.id = ?`).get(
    ...values,
    cursorId,
  );
  if (!found) return [];
  const createdAt = Number(found["createdAt"]);
  const tied = prepare(`SELECT count(*) AS ties FROM ${table} r WHERE ${where} AND r.createdAt = ?`);
  const ties = Number(tied.get(...values, createdAt)?.["ties"]);
  const sql = `${select} WHERE ${where} AND r.createdAt <= ? ${order}`;
  const rows = prepare(sql).all(...values, createdAt, limit + ties);
  const start = rows.findIndex((row) => row["id"] === cursorId);
  return rows.slice(start, start + limit);
}
