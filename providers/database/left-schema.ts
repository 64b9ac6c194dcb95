import type { Client } from "pg";

/** What the comment of a schema begins with whose agent was removed; the days that its jobs are kept follow. */
const MARK = "masumi-agents: its agent was removed; days to keep its jobs: ";
const DAY_MS = 86_400_000;

/** Notes on a schema that its agent was removed, and for how many days its jobs are kept. */
export const markLeft = (client: Client, schema: string, keepDays: number) =>
  comment(client, schema, `${MARK}${keepDays}`);

/** Takes the note back, because the agent has returned. A comment that a person wrote stays. */
export async function unmarkLeft(client: Client, schema: string): Promise<void> {
  if ((await leftSchemas(client)).has(schema)) await comment(client, schema, null);
}

/**
 * Drops the schemas of removed agents whose jobs began, ended and could be disputed longer ago than they are kept. A schema that has
 * something beside the crew runtime's own tables, or has them otherwise than this runtime makes them, or that somebody else may use, is
 * left to a person. What cannot be dropped at once is left to the next run: nobody waits for this, and no run fails because of it.
 */
export async function dropLeft(client: Client, now = Date.now()): Promise<void> {
  try {
    for (const [schema, days] of await leftSchemas(client)) {
      await dropUnlessKept(client, schema, now - days * DAY_MS).catch(() => client.query("ROLLBACK"));
    }
  } catch {
    // The connection is lost.
  }
}

async function dropUnlessKept(client: Client, schema: string, since: number): Promise<void> {
  await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
  await client.query("SET LOCAL lock_timeout = '500ms'");
  await client.query("SET LOCAL search_path = pg_catalog");
  if (await isAsTheRuntimeMadeIt(client, schema)) {
    await client.query(`LOCK TABLE ${client.escapeIdentifier(schema)}.jobs`);
    // Until it was locked, its agent could return and change it.
    const isLeft = (await leftSchemas(client)).has(schema) && (await isAsTheRuntimeMadeIt(client, schema));
    if (isLeft && !(await hasJobsSince(client, schema, since))) await drop(client, schema);
  }
  await client.query("COMMIT");
}

/** Returns the schemas that are marked and belong to the connection's user, with the days that their jobs are kept. */
async function leftSchemas(client: Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ schema: string; said: string }>(
    `SELECT nspname AS schema, obj_description(oid, 'pg_namespace') AS said FROM pg_namespace
      WHERE starts_with(obj_description(oid, 'pg_namespace'), $1) AND pg_get_userbyid(nspowner) = current_user`,
    [MARK],
  );
  return new Map(rows.map(({ schema, said }) => [schema, Number(said.slice(MARK.length))]));
}

/** The tables of the crew runtime. */
const TABLES = ["jobs", "model_days", "model_usage", "running_time", "crew_schema"];

/**
 * Asks the catalogs, and evaluates nothing of the schema: its agent could make there what it liked, and what a view or an index calls
 * would run with the rights of the connection's user.
 */
async function isAsTheRuntimeMadeIt(client: Client, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM pg_namespace n JOIN pg_class jobs ON jobs.relnamespace = n.oid AND jobs.relname = 'jobs'
      WHERE nspname = $1
        AND 3 = (SELECT count(*) FROM pg_attribute
                  WHERE attrelid = jobs.oid AND atttypid = 'pg_catalog.int8'::regtype
                    AND attname IN ('created_at', 'closed_at', 'external_dispute_unlock_time'))
        AND NOT (${IS_MORE_THAN_TABLES})`,
    [schema, TABLES],
  );
  return rowCount !== 0;
}

/**
 * Asks the catalogs whether a schema has nothing but tables and sequences that evaluate nothing of their owner's, so that another owner
 * does not run what the one before wrote.
 */
export async function hasOnlyTables(client: Client, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM pg_namespace n WHERE nspname = $1 AND (${IS_MORE_THAN_TABLES})`,
    [schema, null],
  );
  return rowCount === 0;
}

/**
 * What is in the schema and is none of the tables ($2, or any; indexes belong to theirs), has something that a statement on it may run, or
 * may be used by somebody else: the agent may have a URL of its own by now.
 */
const NOT_PLAIN_TABLES = `
  SELECT FROM pg_depend LEFT JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid
   WHERE refclassid = 'pg_namespace'::regclass AND refobjid = n.oid
     AND (($2::text[] IS NULL OR relname = ANY($2)) AND relkind IN ('r', 'S') AND relowner = nspowner AND relchecks = 0
          AND NOT (relrowsecurity OR relforcerowsecurity OR relhassubclass OR relhasrules OR relhastriggers)
          AND NOT EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee <> relowner)) IS NOT TRUE`;

const NOT_PLAIN_COLUMNS = `
  SELECT FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
   WHERE relnamespace = n.oid AND (attgenerated <> '' OR attacl IS NOT NULL)`;

/** What a table or an index needs that did not come with PostgreSQL, wherever it is: types, functions, operators. */
const NOT_BUILT_IN = `
  SELECT FROM pg_depend JOIN pg_class c ON c.oid = objid
   WHERE classid = 'pg_class'::regclass AND relnamespace = n.oid
     AND refclassid NOT IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_namespace'::regclass)`;

const IS_MORE_THAN_TABLES = `
  EXISTS (SELECT FROM aclexplode(nspacl) WHERE grantee <> nspowner)
  OR EXISTS (${NOT_PLAIN_TABLES}) OR EXISTS (${NOT_PLAIN_COLUMNS}) OR EXISTS (${NOT_BUILT_IN})
  OR EXISTS (SELECT FROM pg_statistic_ext JOIN pg_class c ON c.oid = stxrelid WHERE relnamespace = n.oid)`;

/** The times of jobs are Unix milliseconds. */
async function hasJobsSince(client: Client, schema: string, since: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM ${client.escapeIdentifier(schema)}.jobs
      WHERE greatest(created_at, closed_at, external_dispute_unlock_time) >= $1 LIMIT 1`,
    [since],
  );
  return rowCount !== 0;
}

/** Fails if anything is there that the crew runtime did not make. */
async function drop(client: Client, schema: string): Promise<void> {
  const name = client.escapeIdentifier(schema);
  await client.query(`DROP TABLE IF EXISTS ${TABLES.map((table) => `${name}.${table}`).join(", ")}`);
  await client.query(`DROP SCHEMA ${name}`);
}

const comment = (client: Client, schema: string, text: string | null) =>
  client.query(
    `COMMENT ON SCHEMA ${client.escapeIdentifier(schema)} IS ${text === null ? "NULL" : client.escapeLiteral(text)}`,
  );
