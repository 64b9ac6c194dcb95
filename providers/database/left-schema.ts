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
 * something beside the crew runtime's own tables, or has them from an older runtime, is left to a person.
 */
export async function dropLeft(client: Client, now = Date.now()): Promise<void> {
  for (const [schema, days] of await leftSchemas(client)) {
    await client.query("SAVEPOINT left_schema");
    try {
      if (!(await hasJobsSince(client, schema, now - days * DAY_MS))) await drop(client, schema);
    } catch {
      await client.query("ROLLBACK TO SAVEPOINT left_schema");
    }
  }
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
  await client.query(`DROP TABLE IF EXISTS ${name}.jobs, ${name}.model_days, ${name}.crew_schema`);
  await client.query(`DROP SCHEMA ${name}`);
}

const comment = (client: Client, schema: string, text: string | null) =>
  client.query(
    `COMMENT ON SCHEMA ${client.escapeIdentifier(schema)} IS ${text === null ? "NULL" : client.escapeLiteral(text)}`,
  );
