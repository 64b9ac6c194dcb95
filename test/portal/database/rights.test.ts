/** What the publishable key of a Supabase project reaches of the portal's tables, on a real PostgreSQL with roles as Supabase has them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../portal/database/open.ts";
import { postgresIsThere } from "../../cloud/postgres.ts";
import { repository } from "../../helpers/project.ts";
import { type Database, startDatabase } from "../../providers/database/server.ts";
import { SUPABASE } from "../../providers/database/supabase.ts";

describe.skipIf(!postgresIsThere)("the portal's tables in Supabase", () => {
  let server: Database;
  let tables: readonly string[];

  beforeAll(async () => {
    server = await startDatabase();
    await server.run(server.url, SUPABASE);
    const { database } = await openDatabase({ url: server.url, folder: "" });
    await database.close();
    const rows = await server.run(server.url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    tables = rows.map(({ tablename }) => String(tablename));
    await server.run(
      server.url,
      "INSERT INTO portal_fleets (number) VALUES (1)",
      "INSERT INTO portal_customers (user_id, fleet) VALUES ('anna', 1)",
      `INSERT INTO agents (id, network, user_id, name, api_url, state, owner, stack)
       VALUES ('a', 'Preprod', 'anna', 'a', 'https://e', 'registered', 'o', 's')`,
    );
  }, 120_000);
  afterAll(() => server?.close());

  /** Runs a statement as PostgREST does for whoever has the publishable key, or has signed in. */
  const as = (role: string, statement: string) =>
    server.run(server.as("authenticator", "front-door"), `SET ROLE ${role}`, statement);

  it.each(["anon", "authenticated"])("show nothing to %s", async (role) => {
    expect(tables).toContain("portal_requests");
    const seen = await Promise.all(
      tables.map(async (table) => ({ table, rows: await as(role, `SELECT * FROM ${table}`) })),
    );
    expect(seen.filter(({ rows }) => rows.length > 0)).toEqual([]);
  });

  it.each([
    "INSERT INTO portal_fleets (number) VALUES (2)",
    "INSERT INTO portal_customers (user_id, fleet) VALUES ('mallory', 1)",
    `INSERT INTO agents (id, network, name, api_url, state, owner, stack)
     VALUES ('b', 'Preprod', 'b', 'https://e', 'registered', 'o', 's')`,
  ])("take nothing from anybody: %s", async (statement) => {
    for (const role of ["anon", "authenticated"]) {
      await expect(as(role, statement)).rejects.toThrow(/row-level security/);
    }
  });

  it("leave the table of agents as the rights for Supabase open it", async () => {
    const rights = readFileSync(join(repository, "portal/sql/supabase/0001_agents_rights.sql"), "utf8");
    await server.run(server.url, rights);
    const { database } = await openDatabase({ url: server.url, folder: "" });
    await database.close();
    await expect(as("anon", "SELECT id FROM agents")).rejects.toThrow(/permission denied/);
    expect(await as("authenticated", "SELECT id FROM agents")).toEqual([]);
  });
});
