/** A document that was stored. */
export interface Stored {
  readonly sha256: string;
  readonly bytes: number;
}

/** Where documents are kept, each under its SHA-256. Whoever sends the same one again finds it there. */
export interface DocumentStore {
  /** Stores what comes, without keeping it in memory. Nothing is stored if the source throws. */
  put(source: AsyncIterable<Uint8Array>): Promise<Stored>;
  has(sha256: string): Promise<boolean>;
  /** Removes a document; that it is gone already is no error. */
  remove(sha256: string): Promise<void>;
  /** Removes what is left of documents of which not all came, because whoever received them was killed before that time. */
  removeUnfinished(before: Date): Promise<void>;
  /** Lists all documents, and when each was stored last. */
  list(): AsyncIterable<{ readonly sha256: string; readonly storedAt: Date }>;
}

export const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
