import type { Database } from "../database/database.ts";
import {
  type OwnDocument,
  type Undated,
  beginStoring,
  dateDocument,
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
  const begun: string[] = [];
  try {
    return await documents.put(source, async (sha256) => {
      if (await isOthers(places, sha256)) await forgetDocument(database, sha256);
      else {
        await beginStoring(database, sha256);
        begun.push(sha256);
      }
    });
  } finally {
    for (const sha256 of begun) {
      const ended = await endStoring(database, sha256);
      if (ended) await noteStored(places, ended);
    }
  }
}

/** Notes when a document was stored that nobody is storing any more. */
export async function noteStored({ database, documents }: DocumentPlaces, undated: Undated): Promise<void> {
  const storedAt = await documents.storedAt(undated.sha256);
  if (storedAt) await dateDocument(database, undated, storedAt);
}

/** Whether others have stored what is there, and not another request of a portal with this database. */
async function isOthers({ database, documents }: DocumentPlaces, sha256: string): Promise<boolean> {
  const own = await findDocument(database, sha256);
  if (!isStoredByOthers(own, await documents.storedAt(sha256))) return false;
  const now = await findDocument(database, sha256);
  // A request that has stored it since the database was asked has begun since then, too.
  return !now || now.begunAt === own?.begunAt;
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
