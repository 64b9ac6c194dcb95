import type { SQLInputValue } from "node:sqlite";
import type { EscrowOperation, Operation, PaymentSourceType } from "../chain/cardano.ts";
import type { Prepare } from "./database.ts";

/** A transaction as the service shows it. */
export interface Transaction {
  readonly txHash: string | null;
  readonly status: string;
  readonly confirmations: number | null;
  readonly fees: string | null;
  readonly blockHeight: number | null;
  readonly blockTime: number | null;
}

/** What happens to it next: it is submitted, lands in a block, is confirmed by the service, or is given up. */
export type Step = "submit" | "land" | "confirm" | "give up" | "done";
/** What the chain makes of it. */
export type Fate = "lands" | "dropped" | "refused";

/** A transaction as the chain sees it; `due` is the chain time of the next step. */
export interface ChainTransaction extends Transaction {
  readonly id: number;
  /** Vkey of the wallet that signs it; the wallet is locked until the transaction is done. */
  readonly wallet: string;
  readonly type: PaymentSourceType;
  readonly operation: Operation | EscrowOperation;
  readonly step: Step;
  readonly due: number;
  readonly fate: Fate;
  readonly reason: string | null;
}

export type NewTransaction = Omit<
  ChainTransaction,
  "id" | "status" | "confirmations" | "fees" | "blockHeight" | "blockTime"
>;

export class Transactions {
  readonly #prepare: Prepare;

  constructor(prepare: Prepare) {
    this.#prepare = prepare;
  }

  /** Returns the id. */
  insert(transaction: NewTransaction & Partial<Transaction>): number {
    const columns = { status: "Pending", ...transaction };
    const names = Object.keys(columns);
    const sql = `INSERT INTO transactions (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    const result = this.#prepare(sql).run(...Object.values(columns));
    return Number(result.lastInsertRowid);
  }

  update(id: number, change: Partial<Omit<ChainTransaction, "id">>): void {
    const sets = Object.keys(change).map((name) => `${name} = ?`);
    const values = Object.values(change) as SQLInputValue[];
    this.#prepare(`UPDATE transactions SET ${sets.join(", ")} WHERE id = ?`).run(...values, id);
  }

  #one(sql: string, ...values: SQLInputValue[]): ChainTransaction | undefined {
    return this.#prepare(sql).get(...values) as unknown as ChainTransaction | undefined;
  }

  get(id: number): ChainTransaction | undefined {
    return this.#one("SELECT * FROM transactions WHERE id = ?", id);
  }

  /** The one whose next step comes first. */
  next(): ChainTransaction | undefined {
    return this.#one("SELECT * FROM transactions WHERE step <> 'done' ORDER BY due, id LIMIT 1");
  }

  /** The transaction that locks a wallet. */
  under(wallet: string): ChainTransaction | undefined {
    return this.#one("SELECT * FROM transactions WHERE step <> 'done' AND wallet = ?", wallet);
  }
}
