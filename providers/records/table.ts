import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { ownFile } from "../common/own-files.ts";
import { type Server, connectionOf, placeOf } from "../database/server.ts";
import { RecordsError } from "./errors.ts";

/** Every column that a resource writes or reads; portal/sql/*_agents*.sql make the table. */
export const COLUMNS = [
  "id",
  "network",
  "user_id",
  "name",
  "api_url",
  "state",
  "masumi_id",
  "tx_hash",
  "registration_id",
  "declared",
  "owner",
  "stack",
  "updated_at",
] as const;

/** A row of the table, as far as resources read it. */
export interface AgentRow {
  readonly user_id: string | null;
  readonly name: string;
  readonly api_url: string;
  readonly state: string;
  readonly masumi_id: string | null;
  readonly tx_hash: string | null;
  readonly registration_id: string | null;
  readonly declared: string | null;
  readonly owner: string;
  readonly stack: string;
}

/** Which row: an agent's id is unique on a network alone, since one folder of agents may be deployed to several. */
export interface RowKey {
  /** A change replaces. @example "translator" */
  readonly agentId: string;
  /** A change replaces. @example "Preprod" */
  readonly network: string;
}

/** How long a database that cannot be reached is asked again. */
const RETRIED_FOR_MS = 30_000;
const FIRST_PAUSE_MS = 500;

/** Databases of small plans, and their poolers, take few connections. */
const AT_A_TIME = 4;

/** What the network, a pooler or a restarting server says, and what may pass. */
const PASSING =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|08\w{3}|53300|57P0[123]|XX000)$/;

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_A_TIME) await new Promise<void>((next) => waiting.push(next));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/**
 * Runs work on the database of the records. It must be idempotent: where the connection fails, it is done again for half a minute.
 *
 * @throws RecordsError
 */
export const inRecords = <T>(at: Server, work: (client: Client) => Promise<T>): Promise<T> =>
  inTurn(async () => {
    const end = Date.now() + RETRIED_FOR_MS;
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      try {
        return await once(at, work);
      } catch (error) {
        if (error instanceof RecordsError || !isPassing(error)) throw explained(at, error);
        if (Date.now() + pause > end) throw unreachable(at, error);
        await sleep(pause);
      }
    }
  });

async function once<T>(at: Server, work: (client: Client) => Promise<T>): Promise<T> {
  // Loaded on use, because most stacks keep no records.
  const { default: pg } = await import("pg");
  // Poolers refuse parameters of a session that they do not know.
  const { statement_timeout: _session, ...connection } = connectionOf(at);
  const client = new pg.Client(connection);
  // A connection that breaks while nobody asks anything would end the process; whoever asks next is told.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "";
}

const isPassing = (error: unknown): boolean =>
  PASSING.test(codeOf(error)) ||
  (error instanceof Error && /timeout|terminated unexpectedly/i.test(error.message));

const reasonOf = (error: unknown): string =>
  [codeOf(error), error instanceof Error ? error.message : String(error)].filter(Boolean).join(": ");

const unreachable = (at: Server, error: unknown): RecordsError =>
  new RecordsError(
    "RECORDS_UNREACHABLE",
    `The database of the records, ${placeOf(at)}, cannot be used from here: ${reasonOf(error)}.`,
    "Check masumi:records (and masumi:recordsCa). Run again once it answers: what was registered is not registered again.",
  );

const NO_TABLE = "42P01";
const NO_COLUMN = "42703";
/** A login that is refused, or a database that does not exist. */
const NO_ENTRY = /^(28|3D000)/;

function explained(at: Server, error: unknown): RecordsError {
  if (error instanceof RecordsError) return error;
  const code = codeOf(error);
  if (NO_ENTRY.test(code)) return unreachable(at, error);
  if (code === NO_TABLE || code === NO_COLUMN) return tableMissing(at, error);
  return new RecordsError(
    "RECORDS_REFUSED",
    `The database of the records, ${placeOf(at)}, refuses a statement: ${reasonOf(error)}.`,
    "Let the user of masumi:records select, insert and update in the table agents: GRANT SELECT, INSERT, UPDATE ON agents TO …",
  );
}

/** What makes the table, in this order. */
const MIGRATIONS = ["portal/sql/0001_agents.sql", "portal/sql/0002_agents_declared.sql"];

const tableMissing = (at: Server, error: unknown): RecordsError =>
  new RecordsError(
    "RECORDS_TABLE_MISSING",
    `The database of the records, ${placeOf(at)}, has no table for them, or an older one: ${reasonOf(error)}.`,
    `Make it, as the database's owner: psql "$RECORDS_URL" ${MIGRATIONS.map((file) => `-f ${ownFile(file)}`).join(" ")}`,
  );

/** Returns where the records are, if the table is there and may be written. @throws RecordsError */
export const askRecords = (at: Server): Promise<{ readonly place: string }> =>
  inRecords(at, async (client) => {
    await client.query(`SELECT ${COLUMNS.join(", ")} FROM agents LIMIT 0`);
    const { rows } = await client.query<{ may: boolean }>(
      "SELECT has_table_privilege('agents', 'INSERT') AND has_table_privilege('agents', 'UPDATE') AS may",
    );
    if (rows[0]?.may === true) return { place: placeOf(at) };
    throw Object.assign(new Error("permission denied for table agents"), { code: "42501" });
  });

/** Returns an agent's row; undefined if there is none. */
export async function readRow(client: Client, { agentId, network }: RowKey): Promise<AgentRow | undefined> {
  const { rows } = await client.query<AgentRow>(
    `SELECT user_id, name, api_url, state, masumi_id, tx_hash, registration_id, declared, owner, stack
       FROM agents WHERE id = $1 AND network = $2`,
    [agentId, network],
  );
  return rows[0];
}
