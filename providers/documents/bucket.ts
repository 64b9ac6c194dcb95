import type { S3 } from "@aws-sdk/client-s3";
import { DocumentsError } from "./errors.ts";

/** A bucket, and the profile with which it is accessed. */
export interface Bucket {
  readonly bucket: string;
  readonly region: string;
  /** For storage other than AWS's. */
  readonly endpoint?: string;
  readonly profile?: string;
}

const CONNECT_MS = 5000;
/** Maximum time without any data, including while a document is being transferred. */
const ANSWER_MS = 120_000;
const ATTEMPTS = 5;

/** A separate variable, because deployers may have one key for AWS and another for the bucket. */
const KEY = "MASUMI_DOCUMENTS_KEY";

/** Opens a bucket with MASUMI_DOCUMENTS_KEY, otherwise with the usual AWS credentials (environment, profile or role). */
export async function openBucket({ region, endpoint, profile }: Bucket): Promise<S3> {
  // Loaded on use, because most stacks have no such documents.
  const { S3 } = await import("@aws-sdk/client-s3");
  const key = process.env[KEY];
  return new S3({
    region,
    ...(key ? { credentials: credentialsOf(key) } : profile ? { profile } : {}),
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    // Not every S3 supports AWS's newer checksums; crews verify what they fetch by its digest.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
  });
}

function credentialsOf(key: string): { accessKeyId: string; secretAccessKey: string } {
  const [, accessKeyId, secretAccessKey] = /^([^\s:]+):(\S+)$/.exec(key) ?? [];
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  throw new DocumentsError(
    "DOCUMENTS_REFUSED",
    `${KEY} does not have the form <access key id>:<secret access key>.`,
    "Correct it, or unset it to use the usual AWS credentials.",
  );
}

/** Returns S3's name of an error, for example NoSuchBucket. */
export const s3ErrorName = (error: unknown): string => (error instanceof Error ? error.name : "unknown");

/** Returns an error of S3 as one that says what to do. */
export function refused(error: unknown, request: string, { bucket, endpoint }: Bucket): DocumentsError {
  if (error instanceof DocumentsError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new DocumentsError(
    "DOCUMENTS_REFUSED",
    `The bucket ${bucket}${endpoint ? ` at ${endpoint}` : ""} refused ${request}: ${s3ErrorName(error)}: ${text}`,
    "Check masumi:documents, and the credentials of this run: they need s3:GetObject, s3:PutObject and s3:DeleteObject " +
      `below its prefix. ${KEY} takes precedence over the usual AWS credentials.`,
  );
}
