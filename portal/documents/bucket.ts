import { createReadStream } from "node:fs";
import type { S3 } from "@aws-sdk/client-s3";
import { type Access, type Bucket, openBucket, s3ErrorName } from "../../providers/s3/index.ts";
import { removeSpooled, spool } from "./spool.ts";
import { type DocumentStore, isDigest } from "./store.ts";

const ACCESS: Access = { answerMs: 30_000, attempts: 3 };

/** Keeps documents in a bucket, in the folder `stored` of its prefix. What comes is spooled to a folder first: its key is its digest, which is known at its end. */
export function bucketStore(
  bucket: Bucket & { readonly prefix?: string },
  spoolFolder: string,
  access: Access = ACCESS,
): DocumentStore {
  const { bucket: Bucket, prefix } = bucket;
  let client: Promise<S3> | undefined;
  const s3 = () => (client ??= openBucket(bucket, access));
  const below = prefix === undefined ? "stored/" : `${prefix}/stored/`;
  const at = (sha256: string) => ({ Bucket, Key: `${below}${sha256}` });
  return {
    put: (source) =>
      spool(spoolFolder, source, async ({ file, sha256, bytes }) => {
        await (await s3()).putObject({ ...at(sha256), Body: createReadStream(file), ContentLength: bytes });
        return { sha256, bytes };
      }),
    async has(sha256) {
      try {
        await (await s3()).headObject(at(sha256));
        return true;
      } catch (error) {
        if (["NotFound", "NoSuchKey"].includes(s3ErrorName(error))) return false;
        throw error;
      }
    },
    async remove(sha256) {
      await (await s3()).deleteObject(at(sha256));
    },
    removeUnfinished: (before) => removeSpooled(spoolFolder, before),
    async *list() {
      let token: string | undefined;
      do {
        const page = await (
          await s3()
        ).listObjectsV2({ Bucket, Prefix: below, ...(token ? { ContinuationToken: token } : {}) });
        for (const { Key = "", LastModified } of page.Contents ?? []) {
          const sha256 = Key.slice(below.length);
          if (isDigest(sha256) && LastModified) yield { sha256, storedAt: LastModified };
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
  };
}
