import { mkdirSync } from "node:fs";
import type { PGlite } from "@electric-sql/pglite";
import type { Database, HeldLock, Queries } from "./database.ts";

/** PostgreSQL within this process, in a folder that belongs to it alone: whoever opens it sees to that. */
export async function openEmbedded(folder: string): Promise<{ database: Database; pglite: PGlite }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { PGlite } = await import("@electric-sql/pglite");
  const pglite = await PGlite.create(folder);
  return { database: new EmbeddedDatabase(pglite), pglite };
}

/** There is one connection and one process, so a lock is a name in a set. */
class EmbeddedDatabase implements Database {
  readonly #pglite: PGlite;
  readonly #locks = new Set<string>();

  constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  async query<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (await this.#pglite.query<T>(sql, [...parameters])).rows;
  }

  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#pglite.transaction((transaction) =>
      work({
        query: async <R extends object>(sql: string, parameters: readonly unknown[] = []) =>
          (await transaction.query<R>(sql, [...parameters])).rows,
      }),
    );
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
