import type { Queries } from "./database.ts";

export interface RunRow {
  readonly id: string;
  readonly fleet: number;
  readonly commit: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly ok: boolean | null;
  readonly changes: Readonly<Record<string, number>> | null;
}

const COLUMNS = `id::text AS id, fleet, commit, started_at AS "startedAt", ended_at AS "endedAt", ok, changes`;

export async function beginRun(
  queries: Queries,
  run: { readonly id: string; readonly fleet: number; readonly commit: string },
): Promise<void> {
  // Whoever began one before holds the fleet no longer, so that one was killed.
  await queries.query(
    "UPDATE portal_runs SET ended_at = now(), ok = false, log = log || $2 WHERE fleet = $1 AND ended_at IS NULL",
    [run.fleet, "The portal that ran this was killed; the next run went on.\n"],
  );
  await queries.query("INSERT INTO portal_runs (id, fleet, commit) VALUES ($1, $2, $3)", [
    run.id,
    run.fleet,
    run.commit,
  ]);
}

export const addToLog = (queries: Queries, id: string, text: string) =>
  queries.query("UPDATE portal_runs SET log = log || $2 WHERE id = $1", [id, text]);

export async function endRun(
  queries: Queries,
  id: string,
  { ok, changes }: { readonly ok: boolean; readonly changes: Readonly<Record<string, number>> },
): Promise<void> {
  await queries.query("UPDATE portal_runs SET ended_at = now(), ok = $2, changes = $3::jsonb WHERE id = $1", [
    id,
    ok,
    JSON.stringify(changes),
  ]);
}

/** Returns the last runs, newest first. */
export const lastRuns = (queries: Queries, most: number): Promise<RunRow[]> =>
  queries.query<RunRow>(`SELECT ${COLUMNS} FROM portal_runs ORDER BY started_at DESC LIMIT $1`, [most]);

export async function findRun(queries: Queries, id: string): Promise<(RunRow & { log: string }) | undefined> {
  return (
    await queries.query<RunRow & { log: string }>(
      `SELECT ${COLUMNS}, log FROM portal_runs WHERE id::text = $1`,
      [id],
    )
  )[0];
}

/** Removes the runs that ended before; their logs grow. */
export const forgetRuns = (queries: Queries, beforeDays: number) =>
  queries.query("DELETE FROM portal_runs WHERE ended_at < now() - make_interval(days => $1)", [beforeDays]);

/** Returns the last runs of a fleet since a time, newest first. */
export const runsSince = (queries: Queries, fleet: number, since: Date, most: number): Promise<RunRow[]> =>
  queries.query<RunRow>(
    `SELECT ${COLUMNS} FROM portal_runs WHERE fleet = $1 AND started_at >= $2 ORDER BY started_at DESC LIMIT $3`,
    [fleet, since, most],
  );
