import type { Client } from "pg";
import { hasOnlyTables } from "./left-schema.ts";
import { type Server, inDatabase } from "./server.ts";

/** Which of an agent's usage is wanted. */
export interface UsageQuery {
  /** `2026-11`, UTC; absent: every month. */
  readonly month?: string | undefined;
  /** Whether each job's is wanted, and not the sum of all. */
  readonly byJob: boolean;
}

/** What the store of an agent's runtime kept of its usage, in the spelling of crew_runtime.agent_usage. */
export interface StoredUsage {
  readonly models: readonly unknown[];
  readonly times: readonly unknown[];
}

const MODELS = (schema: string) => `
  SELECT substr(day, 1, 7) AS month, CASE WHEN $2 THEN job ELSE '' END AS job, model,
         sum(input_tokens)::float8 AS input_tokens, sum(output_tokens)::float8 AS output_tokens
    FROM ${schema}.model_usage WHERE starts_with(day, $1) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

const TIMES = (schema: string) => `
  SELECT substr(day, 1, 7) AS month, CASE WHEN job = '' THEN NULL WHEN $2 THEN job ELSE '' END AS job, cpu::float8 AS cpu,
         memory::float8 AS memory, sum(milliseconds)::float8 AS milliseconds
    FROM ${schema}.running_time WHERE starts_with(day, $1) GROUP BY 1, 2, cpu, memory ORDER BY 1, 2 NULLS FIRST, 3, 4`;

/**
 * Returns what the runtimes of agents kept of their usage in a database, by schema: undefined of one that is not there, because no runtime
 * of the agent has been started. An error says of which schema it could not be read, and why.
 *
 * Only plain tables are read: the agent owns its schema, and what a view calls would run with the rights of the connection's user.
 *
 * @throws DatabaseError when the database cannot be reached
 */
export const readStoredUsage = (
  at: Server,
  schemas: readonly string[],
  query: UsageQuery,
): Promise<ReadonlyMap<string, StoredUsage | Error | undefined>> =>
  inDatabase(at, async (client) => {
    const found = new Map<string, StoredUsage | Error | undefined>();
    for (const schema of schemas) {
      const read = readSchema(client, schema, query).catch(async (error: Error) => {
        await client.query("ROLLBACK");
        return error;
      });
      found.set(schema, await read);
    }
    return found;
  });

async function readSchema(
  client: Client,
  schema: string,
  { month = "", byJob }: UsageQuery,
): Promise<StoredUsage | undefined> {
  await client.query("BEGIN READ ONLY");
  await client.query("SET LOCAL search_path = pg_catalog");
  const name = client.escapeIdentifier(schema);
  const { rows } = await client.query<{ is_there: boolean; has_tables: boolean }>(
    `SELECT to_regnamespace($1) IS NOT NULL AS is_there,
            to_regclass($1 || '.model_usage') IS NOT NULL AND to_regclass($1 || '.running_time') IS NOT NULL AS has_tables`,
    [name],
  );
  if (!rows[0]?.is_there) return undefined;
  if (!rows[0].has_tables) throw new Error("its runtime is of an older version, or was never started");
  if (!(await hasOnlyTables(client, schema))) throw foreign(schema);
  await client.query(`LOCK TABLE ${name}.model_usage, ${name}.running_time IN ACCESS SHARE MODE`);
  // Until they were locked, the agent could replace them.
  if (!(await hasOnlyTables(client, schema))) throw foreign(schema);
  const models = await client.query(MODELS(name), [month, byJob]);
  const times = await client.query(TIMES(name), [month, byJob]);
  await client.query("COMMIT");
  return { models: models.rows, times: times.rows };
}

const foreign = (schema: string): Error =>
  new Error(`its schema ${schema} has more than the runtime's tables, so nothing of it is read`);
