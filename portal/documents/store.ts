/** A document that was stored. */
export interface Stored {
  readonly sha256: string;
  readonly bytes: number;
}

/** Where documents are kept, each under its SHA-256. Whoever sends the same one again finds it there. */
export interface DocumentStore {
  /**
   * Stores what comes, without keeping it in memory. Nothing is stored if the source throws.
   *
   * @param claim called with the digest when all of it has come, before it is stored; nothing is stored if it throws
   */
  put(source: AsyncIterable<Uint8Array>, claim?: (sha256: string) => Promise<void>): Promise<Stored>;
  /** Returns when a document was stored last, by whomever; undefined if it is not there. */
  storedAt(sha256: string): Promise<Date | undefined>;
  /** Removes a document; that it is gone already is no error. */
  remove(sha256: string): Promise<void>;
  /** Removes what is left of documents of which not all came, because whoever received them was killed before that time. */
  removeUnfinished(before: Date): Promise<void>;
}

export const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
