import { z } from "zod";
import { bucketSettings } from "../../providers/s3/index.ts";

/** masumi:documents: the bucket for documents that are too large for an image. */
export const documentsSettings = bucketSettings.extend({
  /** The AWS profile with which this program accesses the bucket. Default: aws:profile. */
  profile: z.string().min(1).exactOptional(),
});
export type DocumentsSettings = z.output<typeof documentsSettings>;
