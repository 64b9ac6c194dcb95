import { isAbsolute } from "node:path";
import { z } from "zod";
import { bucketSettings } from "../../providers/s3/index.ts";

/** The bucket for documents: those that are stored, and those that are too large for an image. */
const bucket = bucketSettings.extend({
  /** The AWS profile with which this program accesses the bucket. Default: aws:profile. */
  profile: z.string().min(1).exactOptional(),
});
export type DocumentsSettings = z.output<typeof bucket>;

/** A folder of this machine for documents that are stored; each is a file that is named after its SHA-256. */
const folder = z.strictObject({
  folder: z.string().refine(isAbsolute, "expected an absolute path"),
});

/** masumi:documents. */
export const documentsSettings = z
  .unknown()
  .transform((value, context): DocumentsSettings | z.output<typeof folder> => {
    const checked = (isMap(value) && "folder" in value ? folder : bucket).safeParse(value);
    if (checked.success) return checked.data;
    for (const { message, path } of checked.error.issues) context.addIssue({ code: "custom", message, path });
    return z.NEVER;
  });

const isMap = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Where a stack's documents are: each setting of its own, of which one is there at most. */
export interface DocumentPlaces {
  /** The bucket. */
  readonly documents?: DocumentsSettings | undefined;
  /** The folder of this machine. */
  readonly documentsFolder?: string | undefined;
}

/** Returns a stack's masumi:documents as what it is. */
export const documentPlaces = (
  settings: z.output<typeof documentsSettings> | undefined,
): Required<DocumentPlaces> =>
  settings && "folder" in settings
    ? { documents: undefined, documentsFolder: settings.folder }
    : { documents: settings, documentsFolder: undefined };
