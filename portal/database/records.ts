import type { Queries } from "./database.ts";

/** What a run wrote of an agent, in the table of agents (portal/sql/0001_agents.sql). */
export interface DeployedRecord {
  readonly id: string;
  readonly state: "starting" | "registered" | "leaving" | "deregistered";
  readonly apiUrl: string;
  readonly masumiId: string | null;
  /** SHA-256 of the declaration that it is registered from. */
  readonly declared: string | null;
  /** The stack that has deployed it. */
  readonly stack: string;
}

/** Returns what is recorded of agents, by their ids. */
export async function deployedRecords(
  queries: Queries,
  network: string,
  ids: readonly string[],
): Promise<Map<string, DeployedRecord>> {
  const rows = await queries.query<DeployedRecord>(
    `SELECT id, state, api_url AS "apiUrl", masumi_id AS "masumiId", declared, stack FROM agents
     WHERE network = $1 AND id = ANY($2::text[])`,
    [network, [...ids]],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
