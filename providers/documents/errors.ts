import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of the documents' bucket. Each has a stable code (docs/errors.md), says what happened and what to do.
 *
 *   DocumentsError
 *     DOCUMENTS_REFUSED   the bucket cannot be reached, or refuses what is asked of it
 *     DOCUMENT_CHANGED    a document is not the one that was planned
 */
export type DocumentsErrorCode = "DOCUMENTS_REFUSED" | "DOCUMENT_CHANGED";

/** A document is not in the bucket as it should be. */
export class DocumentsError extends CodedError<DocumentsErrorCode> {
  override readonly name = "DocumentsError";
}
