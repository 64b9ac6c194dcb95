import type { S3 } from "@aws-sdk/client-s3";
import { BUCKET_PACKAGE, requirePackages } from "../common/optional-packages.ts";

/** A bucket, and the profile with which it is accessed. */
export interface Bucket {
  readonly bucket: string;
  readonly region: string;
  /** For storage other than AWS's. */
  readonly endpoint?: string;
  readonly profile?: string;
}

/** How a bucket is asked. */
export interface Access {
  /** Default: the usual AWS credentials (environment, profile or role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Maximum time in milliseconds without any data, including while an object is being transferred. */
  readonly answerMs: number;
  readonly attempts: number;
}

const CONNECT_MS = 5000;

/** Opens a bucket; nothing is asked of it yet. Whoever opens it destroys the client. */
export async function openBucket(
  { region, endpoint, profile }: Bucket,
  { credentials, answerMs, attempts }: Access,
): Promise<S3> {
  // Loaded on use, because most stacks have no bucket.
  requirePackages("A bucket", [BUCKET_PACKAGE]);
  const { S3 } = await import("@aws-sdk/client-s3");
  return new S3({
    region,
    ...(credentials ? { credentials } : profile ? { profile } : {}),
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    // Not every S3 supports AWS's newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: answerMs },
  });
}

/** Returns S3's name of an error, for example NoSuchBucket. */
export const s3ErrorName = (error: unknown): string => (error instanceof Error ? error.name : "unknown");

/** Returns what S3 said, beginning with its name of the error. */
export const s3ErrorText = (error: unknown): string =>
  `${s3ErrorName(error)}: ${error instanceof Error ? error.message : String(error)}`;
