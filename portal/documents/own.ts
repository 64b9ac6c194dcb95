import type { Database } from "../database/database.ts";
import {
  type OwnDocument,
  beginStoring,
  endStoring,
  findDocument,
  forgetDocument,
} from "../database/documents.ts";
import type { DocumentStore, Stored } from "./store.ts";

export interface DocumentPlaces {
  readonly database: Database;
  readonly documents: DocumentStore;
}

/**
 * Stores what a customer sends, and notes that it is this portal's to remove one day, unless others have stored the same document where
 * it is kept. That is noted first: whoever is killed leaves no document that nobody removes.
 */
export async function storeOwn(places: DocumentPlaces, source: AsyncIterable<Uint8Array>): Promise<Stored> {
  const { database, documents } = places;
  const stored = await documents.put(source, (sha256) => claim(places, sha256));
  const storedAt = await documents.storedAt(stored.sha256);
  if (storedAt) await endStoring(database, stored.sha256, storedAt);
  return stored;
}

async function claim({ database, documents }: DocumentPlaces, sha256: string): Promise<void> {
  // Asked for first: what another request of this portal has stored by now, the database knows by then.
  const storedAt = await documents.storedAt(sha256);
  const isOthers = isStoredByOthers(await findDocument(database, sha256), storedAt);
  await (isOthers ? forgetDocument(database, sha256) : beginStoring(database, sha256));
}

/**
 * Whether a document that is there was stored by others, before this portal or since: another portal, or an operator for agents of their
 * own. They would miss it.
 */
export function isStoredByOthers(own: OwnDocument | undefined, storedAt: Date | undefined): boolean {
  if (!storedAt) return false;
  // Whoever copies a file may give it an older time than it had.
  return !own || (own.storedAt !== null && storedAt.getTime() !== own.storedAt.getTime());
}
