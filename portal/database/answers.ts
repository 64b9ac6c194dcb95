import type { Queries } from "./database.ts";

/** What was answered to a request with an Idempotency-Key. */
export interface Answer {
  readonly digest: string;
  readonly agentId: string;
}

export async function findAnswer(queries: Queries, userId: string, key: string): Promise<Answer | undefined> {
  return (
    await queries.query<Answer>(
      'SELECT digest, agent_id AS "agentId" FROM portal_answers WHERE user_id = $1 AND key = $2',
      [userId, key],
    )
  )[0];
}

export const keepAnswer = (
  queries: Queries,
  { userId, key, digest, agentId }: Answer & { readonly userId: string; readonly key: string },
) =>
  queries.query("INSERT INTO portal_answers (user_id, key, digest, agent_id) VALUES ($1, $2, $3, $4)", [
    userId,
    key,
    digest,
    agentId,
  ]);

/** Forgets answers: whoever repeats a request does so within a day. */
export const forgetAnswers = (queries: Queries) =>
  queries.query("DELETE FROM portal_answers WHERE at < now() - interval '1 day'");
