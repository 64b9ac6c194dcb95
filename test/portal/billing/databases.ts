/** Databases with the tables of billing: the embedded one, and a real server. */
import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Pool } from "pg";
import type { Queries } from "../../../portal/database/database.ts";
import { postgresIsThere, startPostgres } from "../../cloud/postgres.ts";
import { placeDatabase } from "../database/ready.ts";

const MIGRATION = readFileSync(join(import.meta.dirname, "../../../portal/sql/0201_billing.sql"), "utf8");

export interface TestDatabase extends Queries {
  /** Forgets everything. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** The embedded one takes seconds to load, and on a busy machine much longer. */
export const OPENS_WITHIN_MS = 300_000;

const EMPTY = "TRUNCATE portal_billing_customers, portal_billing_events";

export async function embedded(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-billing-"));
  await placeDatabase(folder);
  const pglite = await PGlite.create(join(folder, "postgres"));
  await pglite.exec(MIGRATION);
  return {
    query: async <T extends object>(sql: string, parameters: readonly unknown[] = []) =>
      (await pglite.query<T>(sql, [...parameters])).rows,
    async empty() {
      await pglite.exec(EMPTY);
    },
    async close() {
      await pglite.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function server(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-billing-"));
  const postgres = await startPostgres(join(folder, "postgres.log"));
  const { port, user, database } = postgres;
  const pool = new Pool({ host: "127.0.0.1", port, user, database });
  // The server may be gone before the connections have ended.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  await pool.query(MIGRATION);
  return {
    query: async <T extends object>(sql: string, parameters: readonly unknown[] = []) =>
      (await pool.query<T>(sql, [...parameters])).rows,
    async empty() {
      await pool.query(EMPTY);
    },
    async close() {
      await pool.end();
      await postgres.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** By name, whether it can be had here, and how. */
export const DATABASES = [
  { name: "PGlite", isThere: true, open: embedded },
  { name: "PostgreSQL", isThere: postgresIsThere, open: server },
] as const;
