import type { Database, Queries } from "./database.ts";

export interface FleetRow {
  readonly number: number;
  readonly declaredCommit: string | null;
  readonly deployedCommit: string | null;
  readonly failures: number;
  readonly retryAt: Date | null;
}

const COLUMNS = `number, declared_commit AS "declaredCommit", deployed_commit AS "deployedCommit", failures, retry_at AS "retryAt"`;

export const allFleets = (queries: Queries): Promise<FleetRow[]> =>
  queries.query<FleetRow>(`SELECT ${COLUMNS} FROM portal_fleets ORDER BY number`);

export async function findFleet(queries: Queries, number: number): Promise<FleetRow | undefined> {
  return (
    await queries.query<FleetRow>(`SELECT ${COLUMNS} FROM portal_fleets WHERE number = $1`, [number])
  )[0];
}

/**
 * Returns the fleet that a customer is in; a new one is put into the first that has room, or into a new one. A customer stays there:
 * another stack would register their agents anew.
 */
export async function fleetOf(queries: Queries, userId: string, most: number): Promise<number> {
  const known = await queries.query<{ fleet: number }>(
    "SELECT fleet FROM portal_customers WHERE user_id = $1",
    [userId],
  );
  if (known[0]) return known[0].fleet;
  // Two customers who come at once must not both get the last place.
  await queries.query("SELECT pg_advisory_xact_lock(hashtextextended('masumi-agents-portal:fleets', 0))");
  const [free] = await queries.query<{ number: number }>(
    `SELECT number FROM portal_fleets fleet WHERE
       (SELECT count(*) FROM portal_agents agent WHERE agent.fleet = fleet.number AND agent.state <> 'deregistered') < $1
     ORDER BY number LIMIT 1`,
    [most],
  );
  const number = free?.number ?? (await addFleet(queries));
  const [row] = await queries.query<{ fleet: number }>(
    `INSERT INTO portal_customers (user_id, fleet) VALUES ($1, $2)
     ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id RETURNING fleet`,
    [userId, number],
  );
  return row?.fleet ?? number;
}

async function addFleet(queries: Queries): Promise<number> {
  const [row] = await queries.query<{ number: number }>(
    "INSERT INTO portal_fleets (number) SELECT coalesce(max(number), 0) + 1 FROM portal_fleets RETURNING number",
  );
  if (!row) throw new Error("an inserted fleet has a number");
  return row.number;
}

/** Notes that a commit has something for a fleet. What failed before is tried again at once. */
export async function setDeclared(queries: Queries, number: number, commit: string): Promise<void> {
  await queries.query(
    "UPDATE portal_fleets SET declared_commit = $2, failures = 0, retry_at = NULL WHERE number = $1",
    [number, commit],
  );
}

export async function setDeployed(queries: Queries, number: number, commit: string): Promise<void> {
  await queries.query(
    "UPDATE portal_fleets SET deployed_commit = $2, failures = 0, retry_at = NULL WHERE number = $1",
    [number, commit],
  );
}

/**
 * Notes of all fleets that it is not known any more whether they are deployed: where crews are processes of a machine, it may have been
 * started anew since.
 */
export const doubtDeployed = (queries: Queries) =>
  queries.query("UPDATE portal_fleets SET deployed_commit = NULL");

/** Notes that a run failed; the next look is due after a pause that grows with each failure. */
export async function setFailed(database: Database, number: number, pauseSeconds: number): Promise<void> {
  await database.query(
    "UPDATE portal_fleets SET failures = failures + 1, retry_at = now() + make_interval(secs => $2) WHERE number = $1",
    [number, pauseSeconds],
  );
}

/** Notes that a run was killed, which says nothing of what it was to deploy: the next look is due after a pause that never grows. */
export async function setKilled(database: Database, number: number, pauseSeconds: number): Promise<void> {
  await database.query(
    "UPDATE portal_fleets SET retry_at = now() + make_interval(secs => $2) WHERE number = $1",
    [number, pauseSeconds],
  );
}

/** Returns the fleets whose newest commit is not deployed, and whose pause is over. */
export const fleetsToLookAt = (queries: Queries): Promise<FleetRow[]> =>
  queries.query<FleetRow>(
    `SELECT ${COLUMNS} FROM portal_fleets
     WHERE declared_commit IS NOT NULL AND declared_commit IS DISTINCT FROM deployed_commit
       AND (retry_at IS NULL OR retry_at <= now()) ORDER BY number`,
  );
