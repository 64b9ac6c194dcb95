import { z } from "zod";

/** A bucket in a stack's settings, on any S3-compatible storage. */
export const bucketSettings = z.strictObject({
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, "expected the name of a bucket"),
  /** For storage other than AWS's, for example https://<ref>.storage.supabase.co/storage/v1/s3; used with path-style URLs. */
  endpoint: z
    .url({
      protocol: /^https?$/,
      error: "expected a URL, for example https://<ref>.storage.supabase.co/storage/v1/s3",
    })
    .exactOptional(),
  /** Default: aws:region. */
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "expected a region, for example eu-central-1")
    .exactOptional(),
  /** Prefix of the keys of all objects. */
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, "expected a path without leading or trailing slashes")
    .exactOptional(),
});
export type BucketSettings = z.output<typeof bucketSettings>;
