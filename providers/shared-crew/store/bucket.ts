import type { S3 } from "@aws-sdk/client-s3";
import { openDocuments, refused } from "../../documents/bucket.ts";
import { s3ErrorName } from "../../s3/index.ts";
import { type AgentStore, DECLARATION, type Place } from "./agent-store.ts";

type BucketPlace = Extract<Place, { readonly kind: "bucket" }>;

const NO_OBJECT: readonly string[] = ["NoSuchKey", "NotFound", "NoSuchBucket"];

/** An agent's files as objects of a bucket, which several instances of the service read. */
export function bucketStore(place: BucketPlace, agentId: string): AgentStore {
  const { bucket, prefix } = place;
  const { bucket: Bucket } = bucket;
  const keyOf = (path: string) => `${prefix}/${agentId}/${path}`;
  const inBucket = async <T>(request: string, ask: (s3: S3) => Promise<T>): Promise<T | undefined> => {
    const s3 = await openDocuments(bucket);
    try {
      return await ask(s3);
    } catch (error) {
      if (!request.startsWith("to store") && NO_OBJECT.includes(s3ErrorName(error))) return undefined;
      throw refused(error, `${request} of ${agentId}`, bucket);
    } finally {
      s3.destroy();
    }
  };
  const removeOne = (path: string) =>
    inBucket(`to remove ${path}`, (s3) => s3.deleteObject({ Bucket, Key: keyOf(path) }));
  return {
    async write(files) {
      for (const { path, content } of files) {
        await inBucket(`to store ${path}`, (s3) => s3.putObject({ Bucket, Key: keyOf(path), Body: content }));
      }
    },
    async read(path) {
      return inBucket(`to show ${path}`, async (s3) => {
        const { Body } = await s3.getObject({ Bucket, Key: keyOf(path) });
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      });
    },
    async remove(paths) {
      for (const path of paths) await removeOne(path);
    },
    async removeAgent(paths) {
      for (const path of [DECLARATION, ...paths]) await removeOne(path);
    },
  };
}
