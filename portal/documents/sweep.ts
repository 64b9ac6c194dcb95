import type { Database } from "../database/database.ts";
import type { DocumentStore } from "./store.ts";

/**
 * Removes documents that no agent names any more and that were stored long ago. One that somebody is sending just now was stored just
 * now, also if it was there before.
 *
 * @returns how many were removed
 */
export async function sweepDocuments(
  database: Database,
  store: DocumentStore,
  keepDays: number,
): Promise<number> {
  const before = Date.now() - keepDays * 86_400_000;
  const rows = await database.query<{ sha256: string }>(
    `SELECT DISTINCT document->>'sha256' AS sha256 FROM portal_agents, jsonb_array_elements(form->'documents') document
     WHERE state <> 'deregistered'`,
  );
  const named = new Set(rows.map(({ sha256 }) => sha256));
  await store.removeUnfinished(new Date(before));
  let removed = 0;
  for await (const { sha256, storedAt } of store.list()) {
    if (named.has(sha256) || storedAt.getTime() > before) continue;
    await store.remove(sha256);
    removed += 1;
  }
  return removed;
}
