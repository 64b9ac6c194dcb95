import { randomUUID } from "node:crypto";
import type { Queries } from "./database.ts";

/** So many tries are kept of an agent. */
export const MOST_TRIES = 20;

const MOST_INPUT = 2_000;
const MOST_OUTCOME = 20_000;

const INTERRUPTED = "The portal ended before your agent had answered. Ask again.";

export type TryState = "running" | "succeeded" | "failed" | "refused";

/** How a try ended: with an answer, or with why there is none. */
export interface TryOutcome {
  readonly state: Exclude<TryState, "running">;
  readonly text: string;
}

export interface TryRow {
  readonly id: string;
  readonly userId: string;
  readonly state: TryState;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly input: string;
  readonly outcome: string | null;
}

/** Returns a text as the database takes it, and no more of it than that. */
function bounded(text: string, most: number): string {
  const kept = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return kept.toWellFormed().replaceAll("\0", "\ufffd");
}

export interface NewTry {
  readonly agentId: string;
  readonly userId: string;
  readonly input: string;
  /** It is over after so many milliseconds, whatever happens to whoever runs it. */
  readonly withinMs: number;
}

/** Notes that an agent is tried, and returns the try's id. */
export async function beginTry(
  queries: Queries,
  { agentId, userId, input, withinMs }: NewTry,
): Promise<string> {
  const id = randomUUID();
  await queries.query(
    `INSERT INTO portal_tries (id, agent_id, user_id, ends_by, input)
     VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4), $5)`,
    [id, agentId, userId, withinMs / 1000, bounded(input, MOST_INPUT)],
  );
  return id;
}

/** Notes how a try ended, in place of the agent's oldest one if there are many. */
export async function endTry(queries: Queries, id: string, { state, text }: TryOutcome): Promise<void> {
  await queries.query(
    "UPDATE portal_tries SET state = $2, outcome = $3, ended_at = clock_timestamp() WHERE id = $1",
    [id, state, bounded(text, MOST_OUTCOME)],
  );
  await queries.query(
    `DELETE FROM portal_tries WHERE agent_id = (SELECT agent_id FROM portal_tries WHERE id = $1) AND id NOT IN (
       SELECT other.id FROM portal_tries AS other
       WHERE other.agent_id = (SELECT agent_id FROM portal_tries WHERE id = $1)
       ORDER BY other.number DESC LIMIT $2)`,
    [id, MOST_TRIES],
  );
}

/** Forgets a try that did not begin. */
export const dropTry = (queries: Queries, id: string) =>
  queries.query("DELETE FROM portal_tries WHERE id = $1", [id]);

/** Returns an agent's last tries, newest first. */
export async function lastTries(queries: Queries, agentId: string): Promise<TryRow[]> {
  const rows = await queries.query<TryRow & { isInterrupted: boolean; endsBy: Date }>(
    `SELECT id::text AS id, user_id AS "userId", state, started_at AS "startedAt", ended_at AS "endedAt", input, outcome,
       ends_by AS "endsBy", state = 'running' AND ends_by <= clock_timestamp() AS "isInterrupted"
     FROM portal_tries WHERE agent_id = $1 ORDER BY number DESC LIMIT $2`,
    [agentId, MOST_TRIES],
  );
  return rows.map(({ isInterrupted, endsBy, ...row }) =>
    isInterrupted ? { ...row, state: "failed", endedAt: endsBy, outcome: INTERRUPTED } : row,
  );
}

/** Removes the tries that were begun before. */
export const forgetTries = (queries: Queries, beforeDays: number) =>
  queries.query("DELETE FROM portal_tries WHERE started_at < now() - make_interval(days => $1)", [
    beforeDays,
  ]);
