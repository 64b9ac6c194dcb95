import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresIsThere, startPostgres } from "../../cloud/postgres.ts";
import type { Database } from "../../../portal/database/database.ts";
import { openDatabase } from "../../../portal/database/open.ts";

export interface TestedDatabase {
  /** Opens it; on a server, another portal's connection to the same tables. */
  open(): Promise<Database>;
  close(): Promise<void>;
}

async function embedded(): Promise<TestedDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-db-"));
  let opened: Database | undefined;
  return {
    open: async () => (opened ??= (await openDatabase({ url: undefined, folder })).database),
    close: async () => {
      await opened?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function server(): Promise<TestedDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-pg-"));
  const postgres = await startPostgres(join(folder, "postgres.log"));
  const url = `postgres://${postgres.user}@127.0.0.1:${postgres.port}/${postgres.database}`;
  const opened: Database[] = [];
  return {
    open: async () => {
      const { database } = await openDatabase({ url, folder });
      opened.push(database);
      return database;
    },
    close: async () => {
      for (const database of opened) await database.close();
      await postgres.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What every test of the portal's tables runs on: the database that it brings along, and a PostgreSQL server. */
export const DATABASES: readonly (readonly [
  name: string,
  isThere: boolean,
  start: () => Promise<TestedDatabase>,
])[] = [
  ["embedded", true, embedded],
  ["PostgreSQL", postgresIsThere, server],
];
