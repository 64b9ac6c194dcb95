/** The rights that portal/sql/supabase gives, on a real PostgreSQL with roles as Supabase has them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askRecords } from "../../../providers/records/index.ts";
import { postgresIsThere } from "../../cloud/postgres.ts";
import { repository } from "../../helpers/project.ts";
import { type Database, startDatabase } from "../database/server.ts";
import { SUPABASE } from "../database/supabase.ts";

const sql = (file: string) => readFileSync(join(repository, "portal/sql", file), "utf8");

const [ONE, TWO] = ["7f9c1c1e-0c52-4d0f-8d3e-5b6f0a3f2c11", "11111111-2222-4333-8444-555555555555"];

describe.skipIf(!postgresIsThere)("the table of agents in Supabase", () => {
  let database: Database;
  beforeAll(async () => {
    database = await startDatabase();
    await database.run(database.url, SUPABASE);
    // Whoever applies them twice loses nothing.
    for (const file of ["0001_agents.sql", "0002_agents_declared.sql", "supabase/0001_agents_rights.sql"]) {
      await database.run(database.url, sql(file), sql(file));
    }
    const row = (id: string, user: string) =>
      `('${id}', 'Preprod', ${user}, '${id}', 'https://e', 'registered', 'o', 's')`;
    await database.run(
      database.url,
      `INSERT INTO agents (id, network, user_id, name, api_url, state, owner, stack)
       VALUES ${row("one", `'${ONE}'`)}, ${row("two", `'${TWO}'`)}, ${row("nobodys", "NULL")}`,
    );
  }, 120_000);
  afterAll(() => database.close());

  /** Runs a statement as PostgREST does for whoever has a token. */
  const as = (role: string, user: string | undefined, statement: string) =>
    database.run(
      database.as("authenticator", "front-door"),
      `SET ROLE ${role}`,
      `SELECT set_config('request.jwt.claims', '${JSON.stringify(user === undefined ? {} : { sub: user })}', false)`,
      statement,
    );

  it("shows users their own agents and nobody else's", async () => {
    expect(await as("authenticated", ONE, "SELECT id FROM agents")).toEqual([{ id: "one" }]);
    expect(await as("authenticated", TWO, "SELECT id FROM agents")).toEqual([{ id: "two" }]);
    expect(await as("authenticated", undefined, "SELECT id FROM agents")).toEqual([]);
    await expect(as("anon", undefined, "SELECT id FROM agents")).rejects.toThrow(/permission denied/);
  });

  it.each([
    `UPDATE agents SET user_id = '${ONE}'`,
    "DELETE FROM agents",
    "TRUNCATE agents",
    `INSERT INTO agents (id, network, user_id, name, api_url, state, owner, stack)
     VALUES ('x', 'Preprod', '${ONE}', 'x', 'x', 'registered', 'o', 's')`,
  ])("lets no user write: %s", async (statement) => {
    for (const role of ["authenticated", "anon"]) {
      await expect(as(role, ONE, statement)).rejects.toThrow(/permission denied/);
    }
  });

  it("tells those who listen of changes", async () => {
    expect(
      await database.run(
        database.url,
        "SELECT tablename FROM pg_publication_tables WHERE pubname = 'supabase_realtime'",
      ),
    ).toEqual([{ tablename: "agents" }]);
  });

  it.each([
    ["the wrong password", () => database.as("writer", "wrong"), "RECORDS_UNREACHABLE"],
    ["a user without rights", () => database.as("stranger", "nothing"), "RECORDS_REFUSED"],
  ])("is refused to a run with %s, which says what to do", async (_what, url, code) => {
    const refused = askRecords({ server: url() });
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.not.toThrow(/wrong|nothing@/);
  });

  it("is a run's with the rights that the message names", async () => {
    await database.run(database.url, "GRANT SELECT, INSERT, UPDATE ON agents TO writer");
    const { place } = await askRecords({ server: database.as("writer", "runs") });
    expect(place).toMatch(/^127\.0\.0\.1:\d+\/postgres$/);
  });
});
