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
  /** What was chosen where the template leaves a choice, by its name; absent where it leaves none. */
  readonly choices?: Readonly<Record<string, string>>;
}

export interface Problem {
  readonly error: string;
  readonly detail: string;
  readonly remedy?: string;
}

/** As a declaration says it. */
export interface ShownListing {
  readonly type: "openapi" | "a2a" | "x402";
  readonly document?: string;
  readonly protocolVersions?: readonly string[];
}

/** What the page shows of a declaration, and a customer does not choose. */
export interface Shown {
  readonly price: string;
  readonly network: string;
  readonly input: readonly object[];
  /** What customers are told of dealing with an AI; agents of an older portal have none here. */
  readonly disclosure?: string;
  /** How the network's registry lists the agent; absent of a standard one. */
  readonly listing?: ShownListing;
  /** Identifies what the network shows of the agent, beside its address; agents of an older portal have none. */
  readonly listed?: string;
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
 * Waits its turn to give out versions, until the transaction ends: so they become visible in their order. A reader that goes on behind
 * the last version it saw would else miss one that was given out earlier and committed later. Whoever changes rows locks them before,
 * so that nobody who has the turn waits for a row of somebody who waits for the turn.
 */
const TURN = "pg_advisory_xact_lock(hashtextextended('masumi-agents-portal:versions', 0))";

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
    `WITH turn AS MATERIALIZED (SELECT ${TURN}), next AS MATERIALIZED (SELECT nextval('portal_versions') AS version FROM turn), agent AS (
       INSERT INTO portal_agents (id, user_id, fleet, template, form, shown, compared_name, state, version)
       VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, 'accepted', (SELECT version FROM next)) RETURNING id, user_id
     ), step AS (INSERT INTO portal_steps (agent_id, step) SELECT id, 'accepted' FROM agent)
     SELECT pg_notify($8, user_id) FROM agent`,
    [
      id,
      userId,
      fleet,
      template,
      JSON.stringify(form),
      JSON.stringify(shown),
      comparedName(form.name),
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

export interface ChangeOptions {
  /** A step that is added to the time line. */
  readonly step?: string;
  readonly detail?: string;
  /** Only what is in one of these states is changed. */
  readonly from?: readonly AgentState[];
}

/**
 * Changes agents, and adds a step to their time lines if one is named.
 *
 * @returns the ids of those that were changed
 */
export async function changeAgents(
  queries: Queries,
  ids: readonly string[],
  change: AgentChange,
  { step, detail, from }: ChangeOptions = {},
): Promise<string[]> {
  const parameters: unknown[] = [
    [...ids],
    AGENTS_CHANGED,
    step ?? null,
    detail ?? null,
    from ? [...from] : null,
  ];
  const place = (value: unknown) => `$${parameters.push(asParameter(value))}`;
  const entries = Object.entries(change) as [keyof AgentChange, unknown][];
  const set = entries.map(([key, value]) => SETTERS[key](place(value)));
  if (change.form) set.push(`compared_name = ${place(comparedName(change.form.name))}`);
  const changed = await queries.query<{ id: string }>(
    `WITH own AS MATERIALIZED (
       SELECT id FROM portal_agents WHERE id = ANY($1::text[]) AND ($5::text[] IS NULL OR state = ANY($5)) ORDER BY id FOR UPDATE
     ), turn AS MATERIALIZED (SELECT ${TURN} FROM own HAVING count(*) > 0),
     next AS MATERIALIZED (SELECT id, nextval('portal_versions') AS version FROM turn, own),
     agent AS (
       UPDATE portal_agents SET ${[...set, "version = next.version", "updated_at = now()"].join(", ")}
       FROM next WHERE portal_agents.id = next.id RETURNING next.id, user_id
     ), step AS (
       INSERT INTO portal_steps (agent_id, step, detail) SELECT id, $3::text, $4::text FROM agent WHERE $3::text IS NOT NULL
     )
     SELECT id, pg_notify($2, user_id) FROM agent`,
    parameters,
  );
  return changed.map(({ id }) => id);
}

/** Changes an agent, like changeAgents. @returns whether it was changed */
export const changeAgent = async (
  queries: Queries,
  id: string,
  change: AgentChange,
  options?: ChangeOptions,
): Promise<boolean> => (await changeAgents(queries, [id], change, options)).length > 0;

/** Which agents are asked for; those that are deregistered only when they changed since a version. */
export interface AgentFilter {
  readonly userId?: string;
  readonly id?: string;
  readonly fleet?: number;
  /** Only what changed after this version. */
  readonly after?: string;
}

const CONDITIONS: Record<keyof AgentFilter, (place: string) => string> = {
  userId: (place) => `user_id = ${place}`,
  id: (place) => `id = ${place}`,
  fleet: (place) => `fleet = ${place}`,
  after: (place) => `portal_agents.version > ${place}::bigint`,
};

export async function findAgents(queries: Queries, filter: AgentFilter): Promise<AgentRow[]> {
  const asked = (Object.keys(CONDITIONS) as (keyof AgentFilter)[]).filter((key) => filter[key] !== undefined);
  // Only what is asked for is in the statement: planning one takes most of its time.
  const conditions = asked.map((key, index) => CONDITIONS[key](`$${index + 1}`));
  return queries.query<AgentRow>(
    `SELECT ${COLUMNS} FROM portal_agents ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
     ORDER BY portal_agents.version`,
    asked.map((key) => filter[key]),
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
