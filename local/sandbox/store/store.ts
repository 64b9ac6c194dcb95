import type { DatabaseSync } from "node:sqlite";
import type { World } from "../world.ts";
import { openDatabase, statementCache } from "./database.ts";
import { Ledger } from "./ledger.ts";
import { Registrations } from "./registrations.ts";
import { Requests } from "./payment-requests.ts";
import { Transactions } from "./transactions.ts";

const CHAIN_TIME = "chainTime";
const CHAIN_LEAPS = "chainLeaps";

/** All that must survive a restart. */
export class Store {
  readonly registrations: Registrations;
  readonly payments: Requests;
  readonly purchases: Requests;
  readonly transactions: Transactions;
  readonly ledger: Ledger;
  readonly #db: DatabaseSync;
  readonly #prepare: ReturnType<typeof statementCache>;

  /**
   * `file` is the database; without it nothing survives. With `shuffle`, what has no order of its own is read in another
   * one each time.
   */
  constructor(world: World, options: { file?: string | undefined; shuffle?: boolean } = {}) {
    const shuffle = options.shuffle ?? false;
    this.#db = openDatabase(options.file);
    this.#prepare = statementCache(this.#db);
    const addresses = new Map(world.wallets.map((wallet) => [wallet.vkey, wallet.address]));
    const addressOf = (vkey: string) => addresses.get(vkey) ?? "";
    this.registrations = new Registrations(this.#prepare, addressOf, shuffle);
    this.payments = new Requests(this.#prepare, "payments", { addressOf, shuffle });
    this.purchases = new Requests(this.#prepare, "purchases", { addressOf, shuffle });
    this.transactions = new Transactions(this.#prepare);
    this.ledger = new Ledger(this.#prepare);
  }

  /**
   * The chain time of the last change, in milliseconds; undefined for a new database. A killed sandbox has not noted
   * it, so whatever was written counts as well.
   */
  get chainTime(): number | undefined {
    const sql = `SELECT max(at) AS last FROM (
        SELECT CAST(value AS INTEGER) AS at FROM meta WHERE key = ?
        UNION ALL SELECT max(requestedAt) FROM registrations
        UNION ALL SELECT max(requestedAt) FROM payments
        UNION ALL SELECT max(requestedAt) FROM purchases
        UNION ALL SELECT max(freeSince) FROM wallets)`;
    const last = this.#prepare(sql).get(CHAIN_TIME)?.["last"];
    return typeof last === "number" ? last : undefined;
  }

  set chainTime(time: number) {
    this.#setMeta(CHAIN_TIME, time);
  }

  /** By how much the chain has leapt so far, in milliseconds. */
  get chainLeaps(): number {
    return Number(this.#prepare("SELECT value FROM meta WHERE key = ?").get(CHAIN_LEAPS)?.["value"] ?? 0);
  }

  set chainLeaps(milliseconds: number) {
    this.#setMeta(CHAIN_LEAPS, milliseconds);
  }

  #setMeta(key: string, value: number): void {
    this.#prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(key, String(value));
  }

  /** Vkeys of the wallets that have something to do and nothing under way. */
  idleWalletsWithWork(): string[] {
    const sql = `SELECT vkey FROM wallets w
      WHERE EXISTS (SELECT 1 FROM registrations r WHERE r.signer = w.vkey
          AND r.state IN ('RegistrationRequested', 'UpdateRequested', 'DeregistrationRequested'))
        AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.step <> 'done' AND t.wallet = w.vkey)`;
    return this.#prepare(sql)
      .all()
      .map((row) => row["vkey"] as string);
  }

  /** Vkeys that agents and escrows of this database use, in any role. */
  usedWallets(): string[] {
    const sql = `SELECT wallet AS vkey FROM registrations UNION SELECT signer FROM registrations
      UNION SELECT recipient FROM registrations WHERE recipient IS NOT NULL
      UNION SELECT wallet FROM payments WHERE isDriven = 1 AND wallet IS NOT NULL
      UNION SELECT wallet FROM purchases WHERE isDriven = 1 AND wallet IS NOT NULL`;
    return this.#prepare(sql)
      .all()
      .map((row) => row["vkey"] as string);
  }

  /** Runs all of it or nothing. */
  transact<T>(work: () => T): T {
    this.#db.exec("BEGIN");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }
}
