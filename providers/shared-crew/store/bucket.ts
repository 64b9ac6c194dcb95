import type { S3 } from "@aws-sdk/client-s3";
import { SharedCrewError } from "../errors.ts";
import { type AgentStore, DECLARATION, type Place } from "./agent-store.ts";

type BucketPlace = Extract<Place, { readonly kind: "bucket" }>;

const CONNECT_MS = 5000;
const ANSWER_MS = 60_000;
const ATTEMPTS = 5;

const NO_OBJECT: readonly string[] = ["NoSuchKey", "NotFound", "NoSuchBucket"];

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "unknown");

/** Opens the bucket with the run's own AWS credentials. */
async function open({ region, profile }: BucketPlace): Promise<S3> {
  // Loaded on use: few stacks have agents in a bucket.
  const { S3 } = await import("@aws-sdk/client-s3");
  return new S3({
    region,
    ...(profile ? { profile } : {}),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
  });
}

/** An agent's files as objects of a bucket, which several instances of the service read. */
export function bucketStore(place: BucketPlace, agentId: string): AgentStore {
  const { bucket: Bucket, prefix } = place;
  const keyOf = (path: string) => `${prefix}/${agentId}/${path}`;
  const inBucket = async <T>(request: string, ask: (s3: S3) => Promise<T>): Promise<T | undefined> => {
    const s3 = await open(place);
    try {
      return await ask(s3);
    } catch (error) {
      if (!request.startsWith("to store") && NO_OBJECT.includes(nameOf(error))) return undefined;
      throw refused(place, `${request} of ${agentId}`, error);
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

const refused = ({ bucket }: BucketPlace, request: string, error: unknown) =>
  new SharedCrewError(
    "SHARED_STORE_REFUSED",
    `The bucket ${bucket} refused ${request}: ${nameOf(error)}: ${error instanceof Error ? error.message : String(error)}.`,
    "Check the credentials, aws:region and aws:profile of this run, and its permissions (docs/aws.md).",
    { cause: error },
  );
