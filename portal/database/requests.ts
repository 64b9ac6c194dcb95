import { randomUUID } from "node:crypto";
import type { Queries } from "./database.ts";

/** Who is named as a commit's author. */
export interface Author {
  readonly name: string;
  readonly email: string;
}

/** Channel on which it is notified that there is something to commit. */
export const REQUESTS_ADDED = "portal_requests";

export type RequestKind = "create" | "change" | "delete";

export interface NewRequest {
  readonly agentId: string;
  readonly fleet: number;
  readonly kind: RequestKind;
  /** The declaration's YAML; null for an agent that leaves. */
  readonly declaration: string | null;
  readonly author: Author;
  /** Whether it spends ADA: it registers the agent, or changes what the network shows of it. */
  readonly spends: boolean;
  /** Whether a person asked for it, and not the end of a subscription. @default false */
  readonly byPerson?: boolean;
  /** Whether it changes what the network shows of the agent, for which some wallets burn its registration. @default false */
  readonly mayReplace?: boolean;
}

/** What was accepted, and is to be committed or was. */
export interface DeclarationRequest extends Omit<NewRequest, "spends" | "byPerson" | "mayReplace"> {
  readonly number: string;
  readonly id: string;
}

export async function addRequest(queries: Queries, request: NewRequest): Promise<void> {
  const { agentId, fleet, kind, declaration, author, spends, byPerson = false, mayReplace = false } = request;
  await queries.query(
    `WITH request AS (
       INSERT INTO portal_requests (id, agent_id, fleet, kind, declaration, author_name, author_email, spends, by_person,
         may_replace)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $11)
     )
     SELECT pg_notify($9, '')`,
    [
      randomUUID(),
      agentId,
      fleet,
      kind,
      declaration,
      author.name,
      author.email,
      spends,
      REQUESTS_ADDED,
      byPerson,
      mayReplace,
    ],
  );
}

/** Until the transaction ends, others that call this for the same user wait: of requests that come at once, each sees those before. */
export const holdUser = (queries: Queries, userId: string) =>
  queries.query("SELECT pg_advisory_xact_lock(hashtextextended('masumi-agents-portal:user:' || $1, 0))", [
    userId,
  ]);

/** Returns in how many seconds one more request for a user's agents may spend, if so many may in 24 hours; 0 if one may now. */
export async function secondsUntilSpending(queries: Queries, userId: string, most: number): Promise<number> {
  const [oldest] = await queries.query<{ seconds: number }>(
    `SELECT ceil(extract(epoch FROM accepted_at + interval '1 day' - now()))::integer AS seconds
     FROM portal_requests JOIN portal_agents ON portal_agents.id = agent_id
     WHERE user_id = $1 AND spends AND accepted_at > now() - interval '1 day'
     ORDER BY accepted_at DESC OFFSET $2 LIMIT 1`,
    [userId, most - 1],
  );
  return Math.max(0, oldest?.seconds ?? 0);
}

interface RequestRow extends Omit<DeclarationRequest, "author"> {
  readonly authorName: string;
  readonly authorEmail: string;
}

/** Returns what is not committed yet, in the order in which it was accepted. */
export async function openRequests(queries: Queries, most: number): Promise<DeclarationRequest[]> {
  const rows = await queries.query<RequestRow>(
    `SELECT number::text AS number, id::text AS id, agent_id AS "agentId", fleet, kind, declaration, author_name AS "authorName",
       author_email AS "authorEmail" FROM portal_requests WHERE commit IS NULL ORDER BY portal_requests.number LIMIT $1`,
    [most],
  );
  return rows.map(({ authorName: name, authorEmail: email, ...row }) => ({
    ...row,
    author: { name, email },
  }));
}

/** Notes which commit has a request. */
export async function setCommit(queries: Queries, ids: readonly string[], commit: string): Promise<void> {
  await queries.query("UPDATE portal_requests SET commit = $2 WHERE id = ANY($1::uuid[])", [
    [...ids],
    commit,
  ]);
}

/** Returns as whom commits name those who asked for agents, by the agent's id. */
export async function findAuthors(
  queries: Queries,
  agentIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await queries.query<{ agentId: string; name: string }>(
    `SELECT agent_id AS "agentId", author_name AS name FROM portal_requests
     WHERE kind = 'create' AND agent_id = ANY($1::text[])`,
    [[...agentIds]],
  );
  return new Map(rows.map(({ agentId, name }) => [agentId, name]));
}

/** Returns whether an agent has a request that is not committed yet. */
export async function hasOpenRequest(queries: Queries, agentId: string): Promise<boolean> {
  return (
    (
      await queries.query("SELECT 1 FROM portal_requests WHERE agent_id = $1 AND commit IS NULL LIMIT 1", [
        agentId,
      ])
    ).length > 0
  );
}

/** Returns each agent's newest request in a fleet; only of agents of which every request is committed. */
export async function settledRequests(queries: Queries, fleet: number): Promise<Map<string, string>> {
  const rows = await queries.query<{ agentId: string; newest: string }>(
    `SELECT agent_id AS "agentId", max(number)::text AS newest FROM portal_requests WHERE fleet = $1
     GROUP BY agent_id HAVING bool_and(commit IS NOT NULL)`,
    [fleet],
  );
  return new Map(rows.map(({ agentId, newest }) => [agentId, newest]));
}

/** Notes that a person, too, asks for the removal of an agent that leaves already. */
export async function noteAsked(queries: Queries, agentId: string): Promise<void> {
  await queries.query("UPDATE portal_requests SET by_person = true WHERE agent_id = $1 AND kind = 'delete'", [
    agentId,
  ]);
}

/** Returns the agents of a fleet whose registrations a run may burn because a person asked for it: they leave, or may have to be replaced. */
export async function askedToBurn(queries: Queries, fleet: number): Promise<string[]> {
  const rows = await queries.query<{ id: string }>(
    `SELECT DISTINCT agent_id AS id FROM portal_requests JOIN portal_agents ON portal_agents.id = agent_id
     WHERE portal_requests.fleet = $1 AND (
       kind = 'delete' AND by_person AND state = 'leaving' OR may_replace AND state NOT IN ('leaving', 'deregistered'))
     ORDER BY agent_id`,
    [fleet],
  );
  return rows.map(({ id }) => id);
}

/** Notes that a run has ended well with each of these agents' requests up to one. */
export const endReplacing = (queries: Queries, newest: ReadonlyMap<string, string>) =>
  queries.query(
    `UPDATE portal_requests AS request SET may_replace = false
     FROM unnest($1::text[], $2::bigint[]) AS seen (agent_id, number)
     WHERE request.agent_id = seen.agent_id AND request.number <= seen.number AND may_replace`,
    [[...newest.keys()], [...newest.values()]],
  );

/** Returns an agent's newest declaration, be it committed or not; null for one that leaves. */
export async function newestDeclaration(
  queries: Queries,
  agentId: string,
): Promise<string | null | undefined> {
  const [newest] = await queries.query<{ declaration: string | null }>(
    "SELECT declaration FROM portal_requests WHERE agent_id = $1 ORDER BY number DESC LIMIT 1",
    [agentId],
  );
  return newest?.declaration;
}

/** Returns each agent's newest declaration, null for one that leaves; only of agents of which every request is committed. */
export async function newestDeclarations(
  queries: Queries,
  agentIds: readonly string[],
): Promise<Map<string, string | null>> {
  const rows = await queries.query<{ agentId: string; declaration: string | null }>(
    `SELECT agent_id AS "agentId", declaration FROM portal_requests
     WHERE number IN (
       SELECT max(number) FROM portal_requests WHERE agent_id = ANY($1::text[])
       GROUP BY agent_id HAVING bool_and(commit IS NOT NULL))`,
    [[...agentIds]],
  );
  return new Map(rows.map(({ agentId, declaration }) => [agentId, declaration]));
}
