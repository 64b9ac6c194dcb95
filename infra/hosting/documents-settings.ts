import { z } from "zod";

/** masumi:documents: the bucket of documents that are too large for an image. Any S3 will do. */
export const documentsSettings = z.strictObject({
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, "expected the name of a bucket"),
  /** Of an S3 that is not AWS's, such as https://<ref>.storage.supabase.co/storage/v1/s3. Asked by paths, not host names. */
  endpoint: z
    .url({
      protocol: /^https?$/,
      error: "expected a URL, for example https://<ref>.storage.supabase.co/storage/v1/s3",
    })
    .exactOptional(),
  /** Default aws:region. */
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "expected a region, for example eu-central-1")
    .exactOptional(),
  /** What the keys of all objects begin with. */
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, "expected a path without leading or trailing slashes")
    .exactOptional(),
  /** With which this program reaches the bucket: a profile of the AWS configuration; default aws:profile. */
  profile: z.string().min(1).exactOptional(),
});
export type DocumentsSettings = z.output<typeof documentsSettings>;
