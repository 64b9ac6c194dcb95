import { type Hash, createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { posix } from "node:path";
import { Readable, addAbortSignal } from "node:stream";
import { type Bucket, s3ErrorName } from "../s3/index.ts";
import { openDocuments, refused } from "./bucket.ts";

/** Documents that others have put into a bucket, each under its SHA-256; they are only read here. */
export interface StoredObjects {
  /** Returns how many bytes a document has; undefined if it is not there. */
  size(sha256: string, signal?: AbortSignal): Promise<number | undefined>;
  /** Writes a document to a file, and returns the SHA-256 of what it got. */
  download(sha256: string, file: string, signal?: AbortSignal): Promise<string>;
  close(): void;
}

/** Apart from what runs keep there for their agents: a run may read all that is stored, and no other stack's agents'. */
const STORED = "stored";
const MISSING = ["NoSuchKey", "NotFound"];

/**
 * Opens a bucket for reading what is stored there. Whoever opens it closes it.
 *
 * @throws DocumentsError DOCUMENTS_REFUSED, in each method too
 */
export async function openStoredObjects(bucket: Bucket, prefix: string): Promise<StoredObjects> {
  const s3 = await openDocuments(bucket);
  const keyOf = (sha256: string) => posix.join(prefix, STORED, sha256);
  const options = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});
  return {
    async size(sha256, signal) {
      try {
        const { ContentLength = 0 } = await s3.headObject(
          { Bucket: bucket.bucket, Key: keyOf(sha256) },
          options(signal),
        );
        return ContentLength;
      } catch (error) {
        signal?.throwIfAborted();
        if (MISSING.includes(s3ErrorName(error))) return undefined;
        throw refused(error, `to show ${keyOf(sha256)}`, bucket);
      }
    },
    async download(sha256, file, signal) {
      const hash = createHash("sha256");
      try {
        const { Body } = await s3.getObject({ Bucket: bucket.bucket, Key: keyOf(sha256) }, options(signal));
        if (!(Body instanceof Readable)) throw new Error("the bucket answered without content");
        // Not by a stream: its file may be made only after this has failed, and whoever asked has removed it.
        await writeFile(file, hashed(hash, signal ? addAbortSignal(signal, Body) : Body), { mode: 0o600 });
      } catch (error) {
        signal?.throwIfAborted();
        throw refused(error, `to give ${keyOf(sha256)}`, bucket);
      }
      return hash.digest("hex");
    },
    close: () => s3.destroy(),
  };
}

/** Hands on what comes, and takes it into the hash. */
async function* hashed(hash: Hash, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}
