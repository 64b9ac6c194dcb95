import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of the documents' bucket. Each has a stable code (docs/errors.md) and says what happened and what to do.
 *
 *   DocumentsError
 *     DOCUMENTS_REFUSED   the bucket cannot be reached, or refuses a request
 *     DOCUMENT_CHANGED    a document is not the one that was planned
 */
export type DocumentsErrorCode = "DOCUMENTS_REFUSED" | "DOCUMENT_CHANGED";

/** A document could not be stored, read or removed. */
export class DocumentsError extends CodedError<DocumentsErrorCode> {
  override readonly name = "DocumentsError";
}
