import type { Database } from "../database/database.ts";
import { markUnnamed, takeUnnamed, undatedDocuments, unnamedDocuments } from "../database/documents.ts";
import { allFleets } from "../database/fleets.ts";
import { type DocumentPlaces, isStoredByOthers, noteStored } from "./own.ts";

export interface SweepParts extends DocumentPlaces {
  readonly fleets: Declarations;
  /** How many days a document is kept that nothing names. */
  readonly keepDays: number;
  readonly now?: Date;
}

/** What the repository declares now. */
export interface Declarations {
  /** The texts of a fleet's declarations. */
  declarations(fleet: number): Promise<readonly string[]>;
}

/**
 * Removes the documents that this portal stored and that neither an agent nor a declaration in the newest commit has named for long: until
 * then the commit that dropped one can be reverted. What others keep in the same place is not touched. Several portals may sweep at once.
 *
 * @returns how many were removed
 */
export async function sweepDocuments(parts: SweepParts): Promise<number> {
  const { database, documents, fleets, keepDays, now = new Date() } = parts;
  const before = new Date(now.getTime() - keepDays * 86_400_000);
  await documents.removeUnfinished(before);
  // From now on a change of it is seen.
  for (const undated of await undatedDocuments(database)) await noteStored(parts, undated);
  await markUnnamed(database, await declaredDigests(database, fleets), now);
  let removed = 0;
  for (const sha256 of await unnamedDocuments(database, before)) {
    if (await removeUnnamed(parts, sha256, before)) removed += 1;
  }
  return removed;
}

/** Whatever looks like a digest counts, however the YAML around it is written. */
async function declaredDigests(database: Database, fleets: Declarations): Promise<string[]> {
  const digests = new Set<string>();
  for (const { number } of await allFleets(database)) {
    for (const text of await fleets.declarations(number)) {
      for (const [digest] of text.matchAll(/[0-9a-f]{64}/g)) digests.add(digest);
    }
  }
  return [...digests];
}

function removeUnnamed(
  { database, documents }: DocumentPlaces,
  sha256: string,
  before: Date,
): Promise<boolean> {
  return database.transaction(async (queries) => {
    const own = await takeUnnamed(queries, sha256, before);
    // Another portal was faster, or somebody sends it again.
    if (!own) return false;
    if (isStoredByOthers(own, await documents.storedAt(sha256))) return false;
    await documents.remove(sha256);
    return true;
  });
}
