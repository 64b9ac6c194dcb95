import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientConfig, Pool, escapeIdentifier } from "pg";
import type { Database, HeldLock, Queries } from "./database.ts";

const CONNECTIONS = 10;
const CONNECTS_WITHIN_MS = 10_000;
const RECONNECT_PAUSE_MS = 1_000;

/** A PostgreSQL server, which several portals may share. */
export function openServer(url: string): Database {
  return new ServerDatabase(url);
}

class ServerDatabase implements Database {
  readonly #options: ClientConfig;
  readonly #pool: Pool;
  readonly #closed = new AbortController();

  constructor(connectionString: string) {
    this.#options = {
      connectionString,
      application_name: "masumi-agents-portal",
      connectionTimeoutMillis: CONNECTS_WITHIN_MS,
      // A machine that vanished must not keep its locks for hours.
      keepAlive: true,
    };
    this.#pool = new Pool({ ...this.#options, max: CONNECTIONS });
    // A connection that broke while nobody used it is replaced; a query that meets one fails by itself.
    this.#pool.on("error", () => undefined);
  }

  async query<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (await this.#pool.query<T>(sql, [...parameters])).rows;
  }

  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      const result = await work({
        query: async <R extends object>(sql: string, parameters: readonly unknown[] = []) =>
          (await client.query<R>(sql, [...parameters])).rows,
      });
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      // Closing the connection rolls back whatever state it is in.
      client.release(true);
      throw error;
    }
  }

  /** The lock is the session's: it ends with the connection, so with the process however that ends. */
  async tryLock(name: string): Promise<HeldLock | undefined> {
    const client = await this.#connect();
    const lost = new AbortController();
    client.once("error", () => lost.abort(new Error(`the connection that held the lock ${name} broke`)));
    client.once("end", () => lost.abort(new Error(`the connection that held the lock ${name} ended`)));
    const end = () => client.end().catch(() => undefined);
    try {
      const { rows } = await client.query<{ held: boolean }>(
        "SELECT pg_try_advisory_lock(hashtextextended('masumi-agents-portal:' || $1, 0)) AS held",
        [name],
      );
      if (rows[0]?.held !== true) {
        await end();
        return undefined;
      }
    } catch (error) {
      await end();
      throw error;
    }
    return { lost: lost.signal, release: end };
  }

  async listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>> {
    let client = await this.#listening(channel, heard);
    const over = new AbortController();
    const keep = async (): Promise<void> => {
      while (!over.signal.aborted && !this.#closed.signal.aborted) {
        await sleep(RECONNECT_PAUSE_MS);
        try {
          client = await this.#listening(channel, heard);
          client.once("end", () => void keep());
          // Whatever happened meanwhile: whoever listens looks again.
          heard("");
          return;
        } catch {
          // The server is not back yet.
        }
      }
    };
    client.once("end", () => void keep());
    const stop = async () => {
      over.abort();
      await client.end().catch(() => undefined);
    };
    this.#closed.signal.addEventListener("abort", () => void stop());
    return stop;
  }

  async #listening(channel: string, heard: (payload: string) => void): Promise<Client> {
    const client = await this.#connect();
    client.on("notification", ({ payload = "" }) => heard(payload));
    await client.query(`LISTEN ${escapeIdentifier(channel)}`);
    return client;
  }

  async #connect(): Promise<Client> {
    const client = new Client(this.#options);
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#pool.end();
  }
}
