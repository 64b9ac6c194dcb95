import type { SQLInputValue } from "node:sqlite";
import type { Prepare } from "./database.ts";

/** A state as the search knows it: FundsLocked is "funds locked". */
export const stateWords = (state: string) => state.replace(/(?!^)([A-Z])/, " $1").toLowerCase();

/** An amount of ADA with so many decimals means everything that starts with it: 5 = 5 to below 6 ADA. */
export function adaRange(query: string): readonly [number, number] | undefined {
  const match = /^\d{1,11}(?:\.(\d{1,6}))?$/.exec(query);
  if (!match) return undefined;
  const from = Math.round(Number(query) * 1e6);
  return [from, from + 10 ** (6 - (match[1]?.length ?? 0)) - 1];
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
