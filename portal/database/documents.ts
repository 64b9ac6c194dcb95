import type { Queries } from "./database.ts";

/** A document that this portal stored. */
export interface OwnDocument {
  /** When it was stored, by the clock of where it is kept; null if that was not noted yet, or a request stores it again just now. */
  readonly storedAt: Date | null;
}

/** Which request has begun to store a document last; null if that was not noted. */
interface Begun {
  readonly begunAt: string | null;
}

/** Whether a request is storing a document just now: none takes longer. */
const BEING_STORED = "(own.storing > 0 AND own.begun_at > clock_timestamp() - interval '15 minutes')";

export async function findDocument(
  queries: Queries,
  sha256: string,
): Promise<(OwnDocument & Begun) | undefined> {
  return (
    await queries.query<OwnDocument & Begun>(
      `SELECT CASE WHEN NOT ${BEING_STORED} THEN stored_at END AS "storedAt", begun_at::text AS "begunAt"
       FROM portal_documents AS own WHERE sha256 = $1`,
      [sha256],
    )
  )[0];
}

/** Notes that the portal is about to store a document. Waits for whoever is removing it just now. */
export const beginStoring = (queries: Queries, sha256: string) =>
  queries.query(
    `INSERT INTO portal_documents AS own (sha256, storing, begun_at) VALUES ($1, 1, clock_timestamp())
     ON CONFLICT (sha256) DO UPDATE SET stored_at = NULL, unnamed_since = NULL, begun_at = clock_timestamp(),
       storing = CASE WHEN ${BEING_STORED} THEN own.storing + 1 ELSE 1 END`,
    [sha256],
  );

export interface Undated extends Begun {
  readonly sha256: string;
}

/** Notes that a request has ended that was about to store a document; returns it if it is still the portal's. */
export async function endStoring(queries: Queries, sha256: string): Promise<Undated | undefined> {
  return (
    await queries.query<Undated>(
      `UPDATE portal_documents SET storing = greatest(storing - 1, 0) WHERE sha256 = $1
       RETURNING sha256, begun_at::text AS "begunAt"`,
      [sha256],
    )
  )[0];
}

/** Returns the documents of which it was not noted when they were stored: by a release that did not, or a portal that was killed. */
export const undatedDocuments = (queries: Queries): Promise<Undated[]> =>
  queries.query<Undated>(
    `SELECT sha256, begun_at::text AS "begunAt" FROM portal_documents AS own
     WHERE stored_at IS NULL AND NOT ${BEING_STORED} ORDER BY sha256`,
  );

/** Notes when a document was stored; not if a request has begun to store it since, or has not ended, which will note it then. */
export const dateDocument = (queries: Queries, { sha256, begunAt }: Undated, storedAt: Date) =>
  queries.query(
    `UPDATE portal_documents AS own SET stored_at = $2::timestamptz
     WHERE sha256 = $1 AND begun_at::text IS NOT DISTINCT FROM $3::text AND NOT ${BEING_STORED}`,
    [sha256, storedAt, begunAt],
  );

export const forgetDocument = (queries: Queries, sha256: string) =>
  queries.query("DELETE FROM portal_documents WHERE sha256 = $1", [sha256]);

/** Notes of each document whether it is named: by an agent, or among these digests of the declarations. */
export const markUnnamed = (queries: Queries, declared: readonly string[], now: Date) =>
  queries.query(
    `WITH named AS (
       SELECT document->>'sha256' AS sha256 FROM portal_agents, jsonb_array_elements(form->'documents') document
       WHERE state <> 'deregistered'
       UNION SELECT unnest($1::text[])
     )
     UPDATE portal_documents AS own
     SET unnamed_since = CASE WHEN own.unnamed_since IS NULL THEN $2::timestamptz END
     WHERE (own.unnamed_since IS NULL) <> EXISTS (SELECT FROM named WHERE named.sha256 = own.sha256)`,
    [[...declared], now],
  );

/** Returns the documents that nothing has named since a time or longer. */
export async function unnamedDocuments(queries: Queries, since: Date): Promise<string[]> {
  const rows = await queries.query<{ sha256: string }>(
    "SELECT sha256 FROM portal_documents WHERE unnamed_since <= $1 ORDER BY sha256",
    [since],
  );
  return rows.map(({ sha256 }) => sha256);
}

/** Forgets a document, and returns it, if nothing has named it since a time or longer; until the transaction ends, nobody stores it. */
export async function takeUnnamed(
  queries: Queries,
  sha256: string,
  since: Date,
): Promise<OwnDocument | undefined> {
  return (
    await queries.query<OwnDocument>(
      `DELETE FROM portal_documents WHERE sha256 = $1 AND unnamed_since <= $2 RETURNING stored_at AS "storedAt"`,
      [sha256, since],
    )
  )[0];
}
