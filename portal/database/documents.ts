import type { Queries } from "./database.ts";

/** A document that this portal stored. */
export interface OwnDocument {
  /** When it was stored, by the clock of where it is kept; null if that was not noted. */
  readonly storedAt: Date | null;
}

export async function findDocument(queries: Queries, sha256: string): Promise<OwnDocument | undefined> {
  return (
    await queries.query<OwnDocument>(
      `SELECT stored_at AS "storedAt" FROM portal_documents WHERE sha256 = $1`,
      [sha256],
    )
  )[0];
}

/** Notes that the portal is about to store a document. Waits for whoever is removing it just now. */
export const beginStoring = (queries: Queries, sha256: string) =>
  queries.query(
    `INSERT INTO portal_documents (sha256) VALUES ($1)
     ON CONFLICT (sha256) DO UPDATE SET stored_at = NULL, unnamed_since = NULL`,
    [sha256],
  );

/** Notes when a document was stored, if it is the portal's. */
export const endStoring = (queries: Queries, sha256: string, storedAt: Date) =>
  queries.query(
    "UPDATE portal_documents SET stored_at = greatest(stored_at, $2::timestamptz) WHERE sha256 = $1",
    [sha256, storedAt],
  );

/** Returns the documents of which it was not noted when they were stored: by a release that did not, or a portal that was killed. */
export async function undatedDocuments(queries: Queries): Promise<string[]> {
  const rows = await queries.query<{ sha256: string }>(
    "SELECT sha256 FROM portal_documents WHERE stored_at IS NULL ORDER BY sha256",
  );
  return rows.map(({ sha256 }) => sha256);
}

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
