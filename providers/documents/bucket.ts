import type { S3 } from "@aws-sdk/client-s3";
import { type Access, type Bucket, openBucket, s3ErrorText } from "../s3/index.ts";
import { DocumentsError } from "./errors.ts";

const ANSWER_MS = 120_000;
const ATTEMPTS = 5;

/** A separate variable, because deployers may have one key for AWS and another for the bucket. */
const KEY = "MASUMI_DOCUMENTS_KEY";

/** Opens a bucket with MASUMI_DOCUMENTS_KEY, otherwise with the usual AWS credentials (environment, profile or role). */
export async function openDocuments(bucket: Bucket): Promise<S3> {
  const key = process.env[KEY];
  const credentials = key ? { credentials: credentialsOf(key) } : {};
  return openBucket(bucket, { answerMs: ANSWER_MS, attempts: ATTEMPTS, ...credentials });
}

function credentialsOf(key: string): NonNullable<Access["credentials"]> {
  const [, accessKeyId, secretAccessKey] = /^([^\s:]+):(\S+)$/.exec(key) ?? [];
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  throw new DocumentsError(
    "DOCUMENTS_REFUSED",
    `${KEY} does not have the form <access key id>:<secret access key>.`,
    "Correct it, or unset it to use the usual AWS credentials.",
  );
}

/** Returns an error of S3 as one that says what to do. */
export function refused(error: unknown, request: string, { bucket, endpoint }: Bucket): DocumentsError {
  if (error instanceof DocumentsError) return error;
  return new DocumentsError(
    "DOCUMENTS_REFUSED",
    `The bucket ${bucket}${endpoint ? ` at ${endpoint}` : ""} refused ${request}: ${s3ErrorText(error)}`,
    "Check masumi:documents, and the credentials of this run: they need s3:GetObject, s3:PutObject and s3:DeleteObject " +
      `below its prefix. ${KEY} takes precedence over the usual AWS credentials.`,
  );
}
