import { z } from "zod";
import { matching, text, withoutControls } from "./texts.ts";

/** A document that is stored in the stack's masumi:documents, and the name by which the crew cites it. */
export const storedDocument = z
  .strictObject({
    stored: matching(
      /^[0-9a-f]{64}$/,
      "is not the digest of a file",
      "write its SHA-256 in 64 lower-case hex digits (sha256sum prints them)",
    ).meta({ description: "The SHA-256 of the file." }),
    name: text(200, undefined, [withoutControls(false)]).meta({
      description: "The file's name; its ending is its type.",
      examples: ["handbook.pdf"],
    }),
  })
  .meta({ description: "A file that is stored in the stack's masumi:documents." });

export type StoredReference = z.output<typeof storedDocument>;
