import type { SQLInputValue } from "node:sqlite";
import type { Network, Operation, PaymentSourceType } from "../chain/cardano.ts";
import type { Prepare } from "./database.ts";
import { type Listing, pricingTypesOf } from "./listing.ts";
import { amountRange, Conditions, isStateWith, newestFirst } from "./search.ts";
import type { Transaction } from "./transactions.ts";

export type Progress = "Requested" | "Initiated" | "Confirmed" | "Failed";
export type RegistrationState = `${Operation}${Progress}`;

export const OPERATIONS: readonly Operation[] = ["Registration", "Deregistration", "Update"];
export const STATES: readonly RegistrationState[] = OPERATIONS.flatMap((operation) =>
  (["Requested", "Initiated", "Confirmed", "Failed"] as const).map(
    (progress) => `${operation}${progress}` as const,
  ),
);

/** One row of the registry. Times are milliseconds since 1970: real time, except `requestedAt` (chain time). */
export interface Registration {
  readonly seq: number;
  readonly id: string;
  readonly network: Network;
  readonly type: PaymentSourceType;
  /** Smart contract address of the payment source. */
  readonly contract: string;
  /** Vkey of the selling wallet. */
  readonly wallet: string;
  readonly recipient: string | null;
  /** Id of the key that made the row. */
  readonly owner: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly state: RegistrationState;
  readonly error: string | null;
  readonly agentIdentifier: string | null;
  /** What the identifier was before an update that is under way. */
  readonly previousIdentifier: string | null;
  readonly sendFundingLovelace: string | null;
  readonly listing: Listing;
  /** Vkey of the wallet that pays for what is asked: it holds the token, or mints it. */
  readonly signer: string;
  readonly requestedAt: number;
  readonly transactionId: number | null;
  readonly transaction: Transaction | null;
}

export type NewRegistration = Omit<Registration, "seq" | "updatedAt" | "transaction">;
export type RegistrationChange = Partial<Omit<Registration, "seq" | "id" | "transaction">>;

/** Which rows a list is about; all given conditions must hold. */
export interface RegistrationFilter {
  readonly network: Network;
  readonly type?: PaymentSourceType | undefined;
  readonly contract?: string | undefined;
  readonly agentIdentifier?: string | undefined;
  readonly states?: readonly RegistrationState[] | undefined;
  readonly wallets?: readonly string[] | undefined;
  readonly search?: string | undefined;
  readonly sourceAddress?: string | undefined;
  readonly sourceNetworks?: readonly string[] | undefined;
  /** Rows that are left out: all of them, or those with a name. */
  readonly hidden?: { readonly name: string | undefined } | undefined;
}

const SELECT = `SELECT r.seq, r.id, r.network, r.type, r.contract, r.wallet, r.recipient, r.owner, r.createdAt, r.updatedAt,
    r.state, r.error, r.agentIdentifier, r.previousIdentifier, r.sendFundingLovelace, r.listing, r.signer, r.requestedAt,
    r.transactionId, t.txHash, t.status, t.confirmations, t.fees, t.blockHeight, t.blockTime
  FROM registrations r LEFT JOIN transactions t ON t.id = r.transactionId`;

function fromRow(row: Record<string, unknown>): Registration {
  const { txHash, status, confirmations, fees, blockHeight, blockTime, listing, ...rest } = row;
  const transaction =
    status === null ? null : { txHash, status, confirmations, fees, blockHeight, blockTime };
  return { ...rest, listing: JSON.parse(String(listing)), transaction } as unknown as Registration;
}

export class Registrations {
  readonly #prepare: Prepare;
  readonly #addressOf: (vkey: string) => string;
  readonly #shuffle: boolean;

  constructor(prepare: Prepare, addressOf: (vkey: string) => string, shuffle: boolean) {
    this.#prepare = prepare;
    this.#addressOf = addressOf;
    this.#shuffle = shuffle;
  }

  #all(sql: string, ...values: SQLInputValue[]): Registration[] {
    return this.#prepare(sql)
      .all(...values)
      .map(fromRow);
  }

  /** Columns that the lists search in; they follow from the listing and the wallets. */
  #searchColumns({ listing, wallet, recipient }: Pick<Registration, "listing" | "wallet" | "recipient">) {
    const addresses = [wallet, ...(recipient === null ? [] : [recipient])].map(this.#addressOf);
    return {
      listing: JSON.stringify(listing),
      searchText: [listing.name, listing.description, ...addresses].join("\n").toLowerCase(),
      searchTags: `\n${listing.Tags.join("\n")}\n`,
      pricingTypes: pricingTypesOf(listing).join(" ").toLowerCase(),
    };
  }

  insert(row: NewRegistration): Registration {
    const stamps = { updatedAt: row.createdAt, stateChangedAt: row.createdAt };
    const columns = { ...row, ...stamps, ...this.#searchColumns(row) };
    const names = Object.keys(columns);
    this.#prepare(
      `INSERT INTO registrations (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    ).run(...Object.values(columns));
    return this.#expect(row.id);
  }

  /** Changes columns of a row at the given time; a new state moves `stateChangedAt` too. */
  update(row: Registration, change: RegistrationChange, now: number): Registration {
    const { listing, ...rest } = change;
    const columns: Record<string, SQLInputValue> = { updatedAt: now, ...rest };
    if (listing) Object.assign(columns, this.#searchColumns({ ...row, ...change, listing }));
    if (change.state && change.state !== row.state) columns["stateChangedAt"] = now;
    const sets = Object.keys(columns).map((name) => `${name} = ?`);
    this.#prepare(`UPDATE registrations SET ${sets.join(", ")} WHERE id = ?`).run(
      ...Object.values(columns),
      row.id,
    );
    return this.#expect(row.id);
  }

  remove(id: string): void {
    this.#prepare("DELETE FROM registrations WHERE id = ?").run(id);
  }

  get(id: string): Registration | undefined {
    return this.#all(`${SELECT} WHERE r.id = ?`, id)[0];
  }

  #expect(id: string): Registration {
    const row = this.get(id);
    if (!row) throw new Error(`the registration ${id} has just been written and is not there`);
    return row;
  }

  byIdentifier(agentIdentifier: string, contract: string): Registration | undefined {
    return this.#all(
      `${SELECT} WHERE r.agentIdentifier = ? AND r.contract = ?`,
      agentIdentifier,
      contract,
    )[0];
  }

  byTransaction(transactionId: number): Registration[] {
    return this.#all(`${SELECT} WHERE r.transactionId = ? ORDER BY r.seq`, transactionId);
  }

  /** What the wallet still has to do, oldest request first. */
  waitingFor(signer: string, limit: number): Registration[] {
    return this.#all(
      `${SELECT} WHERE r.signer = ? AND r.state IN ('RegistrationRequested', 'UpdateRequested', 'DeregistrationRequested')
       ORDER BY r.requestedAt, r.seq LIMIT ?`,
      signer,
      limit,
    );
  }

  everything(): Registration[] {
    return this.#all(`${SELECT} ORDER BY r.createdAt, r.seq`);
  }

  page(filter: RegistrationFilter, limit: number, cursorId?: string): Registration[] {
    return newestFirst(this.#prepare, {
      select: SELECT,
      table: "registrations",
      conditions: conditionsOf(filter),
      limit,
      cursorId,
      shuffle: this.#shuffle,
    }).map(fromRow);
  }

  /** Rows whose state changed at or after a moment, oldest change first; the cursor breaks a tie at that moment. */
  changedSince(filter: RegistrationFilter, since: number, limit: number, cursorId?: string): Registration[] {
    const { where, values } = conditionsOf(filter);
    return this.#all(
      `${SELECT} WHERE ${where} AND (r.stateChangedAt > ? OR (r.stateChangedAt = ? AND r.id >= ?))
       ORDER BY r.stateChangedAt, r.id LIMIT ?`,
      ...values,
      since,
      since,
      cursorId ?? "",
      limit,
    );
  }

  count(filter: RegistrationFilter): number {
    const { where, values } = conditionsOf(filter);
    return Number(
      this.#prepare(`SELECT count(*) AS total FROM registrations r WHERE ${where}`).get(...values)?.["total"],
    );
  }
}

function conditionsOf(filter: RegistrationFilter): Conditions {
  const conditions = new Conditions();
  conditions.equal("r.network", filter.network);
  conditions.equal("r.type", filter.type);
  conditions.equal("r.contract", filter.contract);
  conditions.equal("r.agentIdentifier", filter.agentIdentifier);
  conditions.oneOf("r.state", filter.states);
  conditions.oneOf("r.wallet", filter.wallets);
  if (filter.sourceAddress !== undefined || filter.sourceNetworks) {
    conditions.add(
      `EXISTS (SELECT 1 FROM json_each(r.listing, '$.supportedPaymentSources') s WHERE s.value ->> 'address' = ?
         OR s.value ->> 'network' IN (SELECT value FROM json_each(?)))`,
      filter.sourceAddress ?? null,
      JSON.stringify(filter.sourceNetworks ?? []),
    );
  }
  if (filter.hidden)
    conditions.add(
      "r.listing ->> '$.name' <> coalesce(?, r.listing ->> '$.name')",
      filter.hidden.name ?? null,
    );
  if (filter.search) addSearch(filter.search.toLowerCase(), conditions);
  return conditions;
}

/** Tags compare with the lower-cased query as they are: a tag with a capital letter is never found. */
function addSearch(query: string, conditions: Conditions): void {
  const ways = ["instr(r.searchText, ?) > 0", "instr(r.searchTags, ?) > 0"];
  const values: SQLInputValue[] = [query, `\n${query}\n`];
  const states = STATES.filter((state) => isStateWith(state, query));
  if (states.length > 0) {
    ways.push("r.state IN (SELECT value FROM json_each(?))");
    values.push(JSON.stringify(states));
  }
  for (const type of ["free", "dynamic"].filter((type) => type.startsWith(query))) {
    ways.push("instr(r.pricingTypes, ?) > 0");
    values.push(type);
  }
  const range = amountRange(query);
  if (range) {
    ways.push(
      `EXISTS (SELECT 1 FROM json_tree(r.listing) p
         WHERE p.key = 'amount' AND CAST(p.value AS INTEGER) BETWEEN ? AND ?)`,
    );
    values.push(...range);
  }
  conditions.add(`(${ways.join(" OR ")})`, ...values);
}
