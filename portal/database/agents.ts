import type { Database, Queries } from "./database.ts";

export type AgentState =
  | "accepted"
  | "declared"
  | "starting"
  | "running"
  | "requested"
  | "registered"
  | "updating"
  | "failed"
  | "leaving"
  | "deregistered";

export interface StoredDocument {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
}

/** The form as a customer filled it in. */
export interface Form {
  readonly name: string;
  readonly bio: string;
  readonly description: string;
  readonly documents: readonly StoredDocument[];
}

export interface Problem {
  readonly error: string;
  readonly detail: string;
  readonly remedy?: string;
}

/** What the page shows of a declaration, and a customer does not choose. */
export interface Shown {
  readonly price: string;
  readonly network: string;
  readonly input: readonly object[];
}

export interface AgentRow {
  readonly id: string;
  readonly userId: string;
  readonly fleet: number;
  readonly template: string;
  readonly form: Form;
  readonly shown: Shown;
  readonly state: AgentState;
  readonly problem: Problem | null;
  readonly url: string | null;
  readonly masumiId: string | null;
  readonly expectedAt: Date | null;
  /** Decimal digits; rises with each change of any agent. */
  readonly version: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Step {
  readonly number: string;
  readonly agentId: string;
  readonly step: string;
  readonly detail: string | null;
  readonly at: Date;
}

/** Channel on which a change of an agent is notified, with the user's id. */
export const AGENTS_CHANGED = "portal_agents";

const COLUMNS = `id, user_id AS "userId", fleet, template, form, shown, state, problem, url, masumi_id AS "masumiId",
  expected_at AS "expectedAt", version::text AS version, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** How names are compared: as declarations of one stack are (infra/declarations/duplicates.ts). */
export const comparedName = (name: string): string => name.toLowerCase().replaceAll(/\s+/g, " ");

/**
 * Gives out the next version. The lock, held until the transaction ends, lets versions become visible in their order: a reader that goes
 * on behind the last version it saw would else miss one that was given out earlier and committed later.
 */
async function nextVersion(queries: Queries): Promise<string> {
  const [row] = await queries.query<{ version: string }>(
    `WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('masumi-agents-portal:versions', 0)))
     SELECT nextval('portal_versions')::text AS version FROM lock`,
  );
  if (!row) throw new Error("a sequence gives out a value each time");
  return row.version;
}

export interface NewAgent {
  readonly id: string;
  readonly userId: string;
  readonly fleet: number;
  readonly template: string;
  readonly form: Form;
  readonly shown: Shown;
}

/** Adds an agent that was accepted, with the first step of its time line. */
export async function addAgent(queries: Queries, agent: NewAgent): Promise<void> {
  const { id, userId, fleet, template, form, shown } = agent;
  await queries.query(
    `WITH agent AS (
       INSERT INTO portal_agents (id, user_id, fleet, template, form, shown, compared_name, state, version)
       VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, 'accepted', $8) RETURNING id, user_id
     ), step AS (INSERT INTO portal_steps (agent_id, step) SELECT id, 'accepted' FROM agent)
     SELECT pg_notify($9, user_id) FROM agent`,
    [
      id,
      userId,
      fleet,
      template,
      JSON.stringify(form),
      JSON.stringify(shown),
      comparedName(form.name),
      await nextVersion(queries),
      AGENTS_CHANGED,
    ],
  );
}

/** What may change of an agent; what is absent stays. */
export interface AgentChange {
  readonly form?: Form;
  readonly shown?: Shown;
  readonly state?: AgentState;
  readonly problem?: Problem | null;
  readonly url?: string | null;
  readonly masumiId?: string | null;
  readonly expectedAt?: Date | null;
}

const SETTERS: Record<keyof AgentChange, (place: string) => string> = {
  form: (place) => `form = ${place}::jsonb`,
  shown: (place) => `shown = ${place}::jsonb`,
  state: (place) => `state = ${place}`,
  problem: (place) => `problem = ${place}::jsonb`,
  url: (place) => `url = ${place}`,
  masumiId: (place) => `masumi_id = ${place}`,
  expectedAt: (place) => `expected_at = ${place}`,
};

const asParameter = (value: unknown) =>
  typeof value === "object" && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value;

/**
 * Changes an agent, and adds a step to its time line if one is named.
 *
 * @param from only if the agent is in one of these states
 * @returns whether it was changed
 */
export async function changeAgent(
  queries: Queries,
  id: string,
  change: AgentChange,
  { step, detail, from }: { step?: string; detail?: string; from?: readonly AgentState[] } = {},
): Promise<boolean> {
  const entries = Object.entries(change) as [keyof AgentChange, unknown][];
  const set = entries.map(([key], index) => SETTERS[key](`$${index + 3}`));
  if (change.form) set.push(`compared_name = $${entries.length + 3}`);
  const parameters = entries.map(([, value]) => asParameter(value));
  if (change.form) parameters.push(comparedName(change.form.name));
  const isWanted = from ? ` AND state = ANY($${parameters.length + 3}::text[])` : "";
  if (from) parameters.push([...from]);
  const next = parameters.length + 3;
  const version = await nextVersion(queries);
  const told = await queries.query(
    `WITH agent AS (
       UPDATE portal_agents SET ${[...set, "version = $2", "updated_at = now()"].join(", ")}
       WHERE id = $1${isWanted} RETURNING id, user_id
     ), step AS (
       INSERT INTO portal_steps (agent_id, step, detail)
       SELECT id, $${next}::text, $${next + 1}::text FROM agent WHERE $${next}::text IS NOT NULL
     )
     SELECT pg_notify($${next + 2}, user_id) FROM agent`,
    [id, version, ...parameters, step ?? null, detail ?? null, AGENTS_CHANGED],
  );
  return told.length > 0;
}

/** Which agents are asked for; those that are deregistered only when they changed since a version. */
export interface AgentFilter {
  readonly userId?: string;
  readonly id?: string;
  readonly fleet?: number;
  /** Only what changed after this version. */
  readonly after?: string;
}

export async function findAgents(queries: Queries, filter: AgentFilter): Promise<AgentRow[]> {
  const { userId, id, fleet, after } = filter;
  return queries.query<AgentRow>(
    `SELECT ${COLUMNS} FROM portal_agents
     WHERE ($1::text IS NULL OR user_id = $1) AND ($2::text IS NULL OR id = $2) AND ($3::integer IS NULL OR fleet = $3)
       AND ($4::bigint IS NULL OR version > $4)
     ORDER BY portal_agents.version`,
    [userId ?? null, id ?? null, fleet ?? null, after ?? null],
  );
}

export const findAgent = async (queries: Queries, id: string): Promise<AgentRow | undefined> =>
  (await findAgents(queries, { id }))[0];

/** Returns the steps of agents, oldest first. */
export async function findSteps(queries: Queries, agentIds: readonly string[], after = "0"): Promise<Step[]> {
  if (agentIds.length === 0) return [];
  return queries.query<Step>(
    `SELECT number::text AS number, agent_id AS "agentId", step, detail, at FROM portal_steps
     WHERE agent_id = ANY($1::text[]) AND number > $2::bigint ORDER BY portal_steps.number`,
    [[...agentIds], after],
  );
}

/** Returns how many agents a user has that are not gone. */
export async function countAgentsOf(queries: Queries, userId: string): Promise<number> {
  const [row] = await queries.query<{ count: number }>(
    "SELECT count(*)::integer AS count FROM portal_agents WHERE user_id = $1 AND state NOT IN ('leaving', 'deregistered')",
    [userId],
  );
  return row?.count ?? 0;
}

/** Returns the users who have agents that are not gone. */
export async function usersWithAgents(queries: Queries): Promise<string[]> {
  const rows = await queries.query<{ id: string }>(
    "SELECT DISTINCT user_id AS id FROM portal_agents WHERE state NOT IN ('leaving', 'deregistered')",
  );
  return rows.map(({ id }) => id);
}

/** Returns the version that was given out last. */
export async function newestVersion(database: Database): Promise<string> {
  const [row] = await database.query<{ version: string }>(
    "SELECT coalesce(max(version), 0)::text AS version FROM portal_agents",
  );
  return row?.version ?? "0";
}
