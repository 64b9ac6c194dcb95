import { createReadStream } from "node:fs";
import type { S3 } from "@aws-sdk/client-s3";
import { type Access, type Bucket, openBucket } from "../../providers/s3/index.ts";
import { removeSpooled, spool } from "./spool.ts";
import type { DocumentStore } from "./store.ts";

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
    put: (source, claim) =>
      spool(spoolFolder, source, async ({ file, sha256, bytes }) => {
        await claim?.(sha256);
        await (await s3()).putObject({ ...at(sha256), Body: createReadStream(file), ContentLength: bytes });
        return { sha256, bytes };
      }),
    async storedAt(sha256) {
      const { Key } = at(sha256);
      // Reading its head would need the right to read documents, which a portal that does not deploy need not have.
      const { Contents = [] } = await (await s3()).listObjectsV2({ Bucket, Prefix: Key, MaxKeys: 1 });
      return Contents.find((object) => object.Key === Key)?.LastModified;
    },
    async remove(sha256) {
      await (await s3()).deleteObject(at(sha256));
    },
    removeUnfinished: (before) => removeSpooled(spoolFolder, before),
  };
}
