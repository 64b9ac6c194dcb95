import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { databaseRole as provider } from "../../../providers/database/host.ts";
import { postgresIsThere } from "../../cloud/postgres.ts";
import { certificateFor } from "../../cloud/tls.ts";
import { runtimeTables } from "./runtime-tables.ts";
import { ADMIN, type Database, startDatabase } from "./server.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describe.skipIf(!postgresIsThere)("an agent's role in a PostgreSQL server", () => {
  let database: Database;
  beforeAll(async () => {
    database = await startDatabase();
  });
  afterAll(() => database.close());

  const inputsOf = (agentId: string, changes: object = {}) => ({
    agentId,
    role: `${agentId}-12345678`,
    schema: `${agentId}-12345678`,
    server: database.url,
    isOnlyAgent: false,
    keepDays: 30,
    ...changes,
  });

  /** A role with a table of one job, as the crew runtime makes it. */
  async function makeAgent(agentId: string) {
    const { outs } = await provider.create(inputsOf(agentId));
    const jobs = `"${outs.schema}".jobs`;
    await database.run(
      outs.url,
      `CREATE TABLE ${jobs} (id TEXT)`,
      `INSERT INTO ${jobs} VALUES ('of ${agentId}')`,
    );
    return { ...outs, jobs };
  }

  /** The columns of a job that tell when it may go. */
  const TIMES =
    "(created_at BIGINT, closed_at BIGINT, external_dispute_unlock_time BIGINT, id TEXT PRIMARY KEY DEFAULT 'one')";

  const isThere = async (where: string) =>
    (await database.run(database.url, `SELECT 1 FROM ${where}`)).length > 0;
  const schemaIsThere = (schema: string) => isThere(`pg_namespace WHERE nspname = '${schema}'`);
  const roleIsThere = (role: string) => isThere(`pg_roles WHERE rolname = '${role}'`);

  const noteOn = async (schema: string, url = database.url) => {
    const note = `SELECT obj_description(oid, 'pg_namespace') AS said FROM pg_namespace WHERE nspname = '${schema}'`;
    return (await database.run(url, note))[0]?.["said"];
  };

  const refuses = (url: string, text: string, said: RegExp): Promise<void> =>
    expect(database.run(url, text)).rejects.toThrow(said);

  it("can neither see nor change what is another's, nor make anything elsewhere", async () => {
    const [mine, other] = [await makeAgent("mine"), await makeAgent("other")];
    for (const text of [
      `SELECT * FROM ${other.jobs}`,
      `INSERT INTO ${other.jobs} VALUES ('x')`,
      `UPDATE ${other.jobs} SET id = 'x'`,
      `DELETE FROM ${other.jobs}`,
      `TRUNCATE ${other.jobs}`,
      `DROP TABLE ${other.jobs}`,
      `DROP SCHEMA "${other.schema}" CASCADE`,
      `CREATE TABLE "${other.schema}".mine (id TEXT)`,
      `ALTER SCHEMA "${other.schema}" OWNER TO "${mine.role}"`,
      "CREATE TABLE public.mine (id TEXT)",
      "CREATE SCHEMA mine",
      "CREATE ROLE more",
      `ALTER ROLE "${other.role}" PASSWORD 'x'`,
      `ALTER ROLE "${mine.role}" SUPERUSER`,
      `GRANT "${other.role}" TO "${mine.role}"`,
      `SET ROLE "${other.role}"`,
      `SET ROLE ${ADMIN.user}`,
      "SELECT rolpassword FROM pg_authid",
      "COPY (SELECT 1) TO PROGRAM 'id'",
    ]) {
      await refuses(mine.url, text, /permission|must (be|have)|not allowed/);
    }
    expect(await database.run(mine.url, `SELECT * FROM ${mine.jobs}`)).toEqual([{ id: "of mine" }]);
    expect(await database.run(other.url, `SELECT * FROM ${other.jobs}`)).toEqual([{ id: "of other" }]);
  });

  it("logs in with its own password, which no statement and no log has, and never with the one that made it", async () => {
    const query = vi.spyOn(Client.prototype, "query");
    const { outs } = await provider.create(inputsOf("alone"));
    const sent = query.mock.calls.map(([text]) => text).join("\n");
    query.mockRestore();
    const { username, password } = new URL(outs.url);
    expect(username).toBe("alone-12345678");
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(sent).toContain("SCRAM-SHA-256$");
    expect(sent).not.toContain(password);
    expect(outs.url).not.toContain(ADMIN.password);
    await refuses(database.as(username, "wrong"), "SELECT 1", /password authentication failed/);
  });

  it("takes over what an older release made with the one user, while a crew still writes as that user", async () => {
    const jobs = '"older-12345678".jobs';
    const written = `INSERT INTO ${jobs} VALUES (2)`;
    await database.run(
      database.url,
      'CREATE SCHEMA "older-12345678"',
      `CREATE TABLE ${jobs} (id BIGSERIAL PRIMARY KEY)`,
      `INSERT INTO ${jobs} VALUES (1)`,
      'GRANT USAGE ON SCHEMA "older-12345678" TO PUBLIC',
    );
    const { outs } = await provider.create(inputsOf("older"));
    await database.run(database.url, written);
    expect(
      await database.run(outs.url, `ALTER TABLE ${jobs} ADD note TEXT`, `SELECT id FROM ${jobs}`),
    ).toEqual([{ id: "1" }, { id: "2" }]);
    const stranger = await provider.create(inputsOf("stranger"));
    await refuses(stranger.outs.url, `SELECT * FROM ${jobs}`, /permission denied for schema/);
  });

  it("is made by a user who may create roles and is nothing more, as managed databases have", async () => {
    await database.run(
      database.url,
      "CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'manager-password'",
      "CREATE DATABASE managed OWNER manager",
    );
    const server = database.as("manager", "manager-password").replace(/[^/]*$/, "managed");
    await database.run(server, 'CREATE SCHEMA "m-12345678"', 'CREATE TABLE "m-12345678".jobs (id TEXT)');
    const { outs } = await provider.create(inputsOf("m", { server }));
    await database.run(outs.url, `INSERT INTO "m-12345678".jobs VALUES ('x')`);
    await provider.delete("m", outs);
    expect(await database.run(server, 'SELECT id FROM "m-12345678".jobs')).toEqual([{ id: "x" }]);
  });

  it("is made again after a run that was killed before it could keep it", async () => {
    const lost = await makeAgent("again");
    const { outs } = await provider.create(inputsOf("again"));
    await refuses(lost.url, "SELECT 1", /password authentication failed/);
    expect(await database.run(outs.url, `SELECT * FROM ${lost.jobs}`)).toEqual([{ id: "of again" }]);
  });

  it("is not made by half: what cannot be handed over leaves no role", async () => {
    await database.run(
      database.url,
      "CREATE ROLE half LOGIN CREATEROLE PASSWORD 'half-password'",
      "GRANT CREATE ON DATABASE postgres TO half",
      'CREATE SCHEMA "h-12345678"',
      'CREATE TABLE "h-12345678".jobs (id TEXT)',
    );
    const server = database.as("half", "half-password");
    await expect(provider.create(inputsOf("h", { server }))).rejects.toThrow(
      /^DATABASE_REFUSED: .*127\.0\.0\.1:\d+\/postgres refuses .*(must be owner|permission denied).*\n.*masumi:databaseUrls/,
    );
    expect(await database.run(database.url, "SELECT 1 FROM pg_roles WHERE rolname = 'h-12345678'")).toEqual(
      [],
    );
  });

  it("is refused where a role of its name could do more", async () => {
    await database.run(database.url, 'CREATE ROLE "wide-12345678" CREATEDB');
    await expect(provider.create(inputsOf("wide"))).rejects.toThrow(/may do more than it should/);
  });

  it("goes with its agent, and the jobs stay for when that comes back", async () => {
    const made = await makeAgent("leaving");
    const session = new Client({ connectionString: made.url });
    session.on("error", () => undefined);
    await session.connect();
    await provider.delete(made.role, made);
    await expect(session.query("SELECT 1")).rejects.toThrow(/terminat|closed|not queryable/);
    await refuses(made.url, "SELECT 1", /password authentication failed/);
    expect(await provider.read(made.role, made)).toEqual({});
    await provider.delete(made.role, made);
    const { outs } = await provider.create(inputsOf("leaving"));
    expect(await database.run(outs.url, `SELECT * FROM ${made.jobs}`)).toEqual([{ id: "of leaving" }]);
    expect(await provider.read(outs.role, outs)).toEqual({ id: outs.role, props: outs });
  });

  it.each<[what: string, table: string, values: string, isDropped: boolean]>([
    ["that ended long ago", TIMES, "1, 2, NULL", true],
    ["that ended just now", TIMES, "1, 4e12, NULL", false],
    ["that can be disputed", TIMES, "1, 2, 4e12", false],
    ["of an older runtime", "(created_at BIGINT)", "1", false],
  ])(
    "drops with an agent its jobs %s only if they were kept long enough",
    async (what, table, values, isDropped) => {
      const id = `left-${what.replaceAll(" ", "-")}`;
      const { outs } = await provider.create(inputsOf(id));
      await database.run(
        outs.url,
        `CREATE TABLE "${outs.schema}".jobs ${table}`,
        `INSERT INTO "${outs.schema}".jobs VALUES (${values})`,
      );
      await provider.delete(outs.role, outs);
      expect(await schemaIsThere(outs.schema)).toBe(!isDropped);
    },
  );

  it("drops all tables that the crew runtime makes", async () => {
    const { outs } = await provider.create(inputsOf("made-by-runtime"));
    await database.run(outs.url, `SET search_path TO "${outs.schema}"`, ...runtimeTables());
    await provider.delete(outs.role, outs);
    expect(await schemaIsThere(outs.schema)).toBe(false);
  });

  /** What PostgreSQL evaluates as a superuser who looks at a table that calls it: evil(1) makes a role. */
  const EVIL = (schema: string) => [
    `CREATE FUNCTION "${schema}".take() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
       IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN CREATE ROLE taken SUPERUSER; END IF;
       RETURN 4000000000000; END $$`,
    `CREATE FUNCTION "${schema}".evil(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE
       AS $$ BEGIN RETURN "${schema}".take(); END $$`,
    `GRANT USAGE ON SCHEMA "${schema}" TO PUBLIC`,
  ];

  it.each<[what: string, endedAt: string, change: string]>([
    [
      "a view that calls a function",
      "2",
      `DROP TABLE jobs; CREATE VIEW jobs AS
         SELECT "evil-12345678".evil(1) AS created_at, 0::bigint AS closed_at, 0::bigint AS external_dispute_unlock_time`,
    ],
    [
      "an index that calls a function",
      "4e12",
      'CREATE INDEX ON jobs ((created_at + "evil-12345678".evil(1)))',
    ],
    [
      "statistics that call a function",
      "4e12",
      'CREATE STATISTICS s ON (created_at + "evil-12345678".evil(1)) FROM jobs',
    ],
    [
      "a check that calls a function",
      "2",
      'ALTER TABLE jobs ADD CHECK ("evil-12345678".evil(created_at) > 0)',
    ],
    ["policies of rows", "2", "ALTER TABLE jobs ENABLE ROW LEVEL SECURITY"],
    ["a table below that of its jobs", "2", "CREATE TABLE model_days () INHERITS (jobs)"],
    ["a time of another type", "2", "ALTER TABLE jobs ALTER closed_at TYPE numeric"],
    [
      "a column that is computed",
      "2",
      "ALTER TABLE jobs ADD c bigint GENERATED ALWAYS AS (created_at) STORED",
    ],
  ])(
    "evaluates nothing of a removed agent that made %s, and leaves it to a person",
    async (what, endedAt, change) => {
      if (!(await roleIsThere("evil-12345678"))) {
        const { outs } = await provider.create(inputsOf("evil"));
        await database.run(outs.url, ...EVIL(outs.schema));
      }
      const { outs } = await provider.create(inputsOf(what.replaceAll(" ", "-")));
      await database.run(
        outs.url,
        `SET search_path TO "${outs.schema}"`,
        `CREATE TABLE jobs ${TIMES}`,
        `INSERT INTO jobs VALUES (1, ${endedAt}, NULL)`,
        change,
      );
      await provider.delete(outs.role, outs);
      expect(await roleIsThere("taken")).toBe(false);
      expect(await schemaIsThere(outs.schema)).toBe(true);
    },
  );

  it.each<[what: string, grant: (schema: string) => string]>([
    ["schema", (schema) => `GRANT USAGE ON SCHEMA "${schema}" TO own_login`],
    ["jobs", (schema) => `GRANT SELECT, INSERT ON "${schema}".jobs TO own_login`],
    ["columns", (schema) => `GRANT SELECT (closed_at) ON "${schema}".jobs TO own_login`],
  ])("keeps the %s of an agent that has a URL of its own since it has no role", async (what, grant) => {
    if (!(await roleIsThere("own_login"))) await database.run(database.url, "CREATE ROLE own_login");
    const { outs } = await provider.create(inputsOf(`own-${what}`));
    const jobs = `"${outs.schema}".jobs`;
    await database.run(
      outs.url,
      `CREATE TABLE ${jobs} ${TIMES}`,
      `INSERT INTO ${jobs} VALUES (1, 4e12, NULL)`,
    );
    await provider.delete(outs.role, outs);
    await database.run(database.url, grant(outs.schema), `UPDATE ${jobs} SET closed_at = 2`);
    await provider.create(inputsOf("next"));
    expect(await schemaIsThere(outs.schema)).toBe(true);
  });

  it("takes the note of its removal back also where it returns without a role", async () => {
    await database.run(
      database.url,
      "CREATE ROLE lost LOGIN CREATEROLE PASSWORD 'lost-password'",
      "CREATE DATABASE lost OWNER lost",
    );
    const server = database.as("lost", "lost-password").replace(/[^/]*$/, "lost");
    const { outs } = await provider.create(inputsOf("back", { server }));
    await database.run(
      outs.url,
      `CREATE TABLE "${outs.schema}".jobs ${TIMES}`,
      `INSERT INTO "${outs.schema}".jobs VALUES (4e12)`,
    );
    await provider.delete(outs.role, outs);
    expect(await noteOn(outs.schema, server)).toMatch(/removed.*: 30$/);
    await database.run(database.url, "ALTER ROLE lost NOCREATEROLE");
    await provider.create(inputsOf("back", { server, isOnlyAgent: true }));
    expect(await noteOn(outs.schema, server)).toBeNull();
  });

  it("is made while somebody holds what a removed agent left", async () => {
    const held = await provider.create(inputsOf("held"));
    const jobs = `"${held.outs.schema}".jobs`;
    await database.run(
      held.outs.url,
      `CREATE TABLE ${jobs} ${TIMES}`,
      `CREATE INDEX ON ${jobs} (closed_at) WHERE closed_at IS NULL`,
      `INSERT INTO ${jobs} VALUES (1, 4e12, NULL)`,
    );
    await provider.delete(held.outs.role, held.outs);
    await database.run(database.url, `UPDATE ${jobs} SET closed_at = 2`);
    const backup = new Client({ connectionString: database.url });
    await backup.connect();
    await backup.query("BEGIN");
    await backup.query(`LOCK TABLE ${jobs} IN ACCESS SHARE MODE`);
    const made = provider.create(inputsOf("hindered"));
    await vi.waitFor(async () => expect(await roleIsThere("hindered-12345678")).toBe(true), 10_000);
    const { outs } = await made;
    expect(await schemaIsThere(held.outs.schema)).toBe(true);
    await backup.query("COMMIT");
    await backup.end();
    await provider.delete(outs.role, outs);
    expect(await schemaIsThere(held.outs.schema)).toBe(false);
  });

  it("takes what it left over again when its agent returns, and leaves alone what the runtime did not make", async () => {
    const { outs } = await provider.create(inputsOf("author"));
    await database.run(
      outs.url,
      `CREATE TABLE "${outs.schema}".jobs ${TIMES}`,
      `CREATE TABLE "${outs.schema}".own (id TEXT)`,
    );
    await provider.delete(outs.role, outs);
    expect(await noteOn(outs.schema)).toMatch(/removed.*: 30$/);
    await provider.create(inputsOf("author"));
    expect(await noteOn(outs.schema)).toBeNull();
  });

  it.each<[what: string, make: (schema: string) => string]>([
    [
      "a function that runs with its owner's rights",
      (schema) =>
        `CREATE FUNCTION "${schema}".own() RETURNS name LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user'`,
    ],
    ["a view", (schema) => `CREATE VIEW "${schema}".own AS SELECT current_user`],
    [
      "an index that calls a function",
      (schema) =>
        `CREATE FUNCTION "${schema}".own(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
       CREATE INDEX ON "${schema}".jobs ("${schema}".own(created_at))`,
    ],
    ["rights for everybody", (schema) => `GRANT USAGE ON SCHEMA "${schema}" TO PUBLIC`],
  ])("keeps %s of a removed agent from running as the user who makes roles", async (what, make) => {
    const { outs } = await provider.create(inputsOf(`kept-${what.replaceAll(/\W/g, "-")}`));
    await database.run(outs.url, `CREATE TABLE "${outs.schema}".jobs ${TIMES}`, make(outs.schema));
    await provider.delete(outs.role, outs);
    await refuses(outs.url, "SELECT 1", /not permitted to log in|password authentication failed/);
    const owner = `SELECT DISTINCT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = '${outs.schema}'
      UNION SELECT pg_get_userbyid(proowner) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = '${outs.schema}'
      UNION SELECT pg_get_userbyid(relowner) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '${outs.schema}'`;
    expect(await database.run(database.url, owner)).toEqual([{ owner: outs.role }]);
    const { outs: again } = await provider.create(inputsOf(`kept-${what.replaceAll(/\W/g, "-")}`));
    expect(await database.run(again.url, `SELECT count(*)::int AS n FROM "${outs.schema}".jobs`)).toEqual([
      { n: 0 },
    ]);
  });

  it("leaves a schema that has nothing but functions as it is", async () => {
    const { outs } = await provider.create(inputsOf("functions"));
    await database.run(
      outs.url,
      `CREATE FUNCTION "${outs.schema}".own() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    );
    await provider.delete(outs.role, outs);
    expect(await schemaIsThere(outs.schema)).toBe(true);
  });

  it("takes an empty schema with it", async () => {
    const { outs } = await provider.create(inputsOf("empty"));
    await provider.delete(outs.role, outs);
    expect(
      await database.run(database.url, "SELECT 1 FROM pg_namespace WHERE nspname = 'empty-12345678'"),
    ).toEqual([]);
  });

  it("does without where one agent has a user who may not create roles; a second one is refused", async () => {
    await database.run(database.url, "CREATE ROLE plain LOGIN PASSWORD 'plain-password'");
    const server = database.as("plain", "plain-password");
    const { outs } = await provider.create(inputsOf("only", { server, isOnlyAgent: true }));
    expect(outs.url).toBe(server);
    expect(await provider.diff("", outs, inputsOf("only", { server, isOnlyAgent: true }))).toMatchObject({
      changes: false,
    });
    const joined = inputsOf("only", { server });
    expect(await provider.diff("", outs, joined)).toMatchObject({ changes: true, replaces: [] });
    const refused = provider.update("", outs, joined);
    await expect(refused).rejects.toThrow(
      /^DATABASE_ROLES_REFUSED: .*\nGive the user CREATEROLE, or .*databaseUrls/,
    );
    await expect(refused).rejects.not.toThrow("plain-password");
    await provider.delete("", outs);
  });

  it("keeps its password when only that of the stack's user changes", async () => {
    const { outs } = await provider.create(inputsOf("rotated"));
    await database.run(database.url, "CREATE ROLE second SUPERUSER LOGIN PASSWORD 'second-password'");
    const news = inputsOf("rotated", { server: database.as("second", "second-password") });
    expect(await provider.diff("", outs, news)).toMatchObject({ changes: true, replaces: [] });
    const updated = await provider.update("", outs, news);
    expect(updated.outs).toMatchObject({ url: outs.url, server: news.server });
    expect(await provider.diff("", updated.outs, news)).toMatchObject({ changes: false });
  });

  it.each<[what: string, change: (url: string) => string, said: RegExp]>([
    ["nobody", (url) => url.replace(/:\d+\//, ":1/"), /ECONNREFUSED/],
    ["a wrong password", (url) => url.replace(ADMIN.password, "sentinel-wrong"), /28P01/],
    ["a server without TLS", (url) => `${url}?sslmode=verify-full`, /does not support SSL/],
  ])("says where it met %s, and no password", async (_, change, said) => {
    const failed = provider.create(inputsOf("lost", { server: change(database.url) }));
    await expect(failed).rejects.toThrow(
      /^DATABASE_UNREACHABLE: The database 127\.0\.0\.1:\d+\/postgres cannot be used/,
    );
    await expect(failed).rejects.toThrow(said);
    await expect(failed).rejects.not.toThrow("sentinel-");
  });

  it("is made only where the server's certificate is known, and is the host's", async () => {
    const [own, foreign] = [certificateFor(["IP:127.0.0.1"]), certificateFor(["DNS:db.example.com"])];
    await database.speakTls(own);
    const server = `${database.url}?sslmode=verify-full`;
    await expect(provider.create(inputsOf("tls", { server }))).rejects.toThrow(
      /self.signed|unable to verify/,
    );
    await expect(provider.create(inputsOf("tls", { server, ca: String(foreign.cert) }))).rejects.toThrow(
      /DATABASE_UNREACHABLE/,
    );
    const { outs } = await provider.create(inputsOf("tls", { server, ca: String(own.cert) }));
    expect(outs.url).toMatch(/\?sslmode=verify-full$/);
    await database.speakTls(foreign);
    await expect(provider.create(inputsOf("tls", { server, ca: String(foreign.cert) }))).rejects.toThrow(
      /does not match|altnames/i,
    );
  });
});
