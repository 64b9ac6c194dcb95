import { mkdirSync } from "node:fs";
import type { PGlite } from "@electric-sql/pglite";
import type { Database, HeldLock, Queries } from "./database.ts";
import { PreparedStatements } from "./prepared.ts";

/** PostgreSQL within this process, in a folder that belongs to it alone: whoever opens it sees to that. */
export async function openEmbedded(folder: string): Promise<{ database: Database; pglite: PGlite }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const library = await import("@electric-sql/pglite");
  const pglite = await library.PGlite.create(folder);
  return { database: new EmbeddedDatabase(pglite, new PreparedStatements(pglite, library)), pglite };
}

/** There is one connection and one process, so a lock is a name in a set. */
class EmbeddedDatabase implements Database {
  readonly #pglite: PGlite;
  readonly #statements: PreparedStatements;
  readonly #locks = new Set<string>();

  constructor(pglite: PGlite, statements: PreparedStatements) {
    this.#pglite = pglite;
    this.#statements = statements;
  }

  query<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<T[]> {
    return this.#alone(() => this.#statements.run<T>(sql, parameters));
  }

  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      await this.#statements.run("BEGIN");
      try {
        const result = await work({ query: (sql, parameters) => this.#statements.run(sql, parameters) });
        await this.#statements.run("COMMIT");
        return result;
      } catch (error) {
        await this.#statements.run("ROLLBACK");
        throw error;
      }
    });
  }

  /** Others, among them the queue's own statements, must not get into a transaction that is open. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#pglite._runExclusiveTransaction(work);
  }

  tryLock(name: string): Promise<HeldLock | undefined> {
    if (this.#locks.has(name)) return Promise.resolve(undefined);
    this.#locks.add(name);
    const release = () => {
      this.#locks.delete(name);
      return Promise.resolve();
    };
    return Promise.resolve({ lost: new AbortController().signal, release });
  }

  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>> {
    return this.#pglite.listen(channel, heard);
  }

  close(): Promise<void> {
    return this.#pglite.close();
  }
}
