/**
 * Errors of the documents' bucket. Each has a stable code (docs/errors.md), says what happened and what to do.
 *
 *   DocumentsError
 *     DOCUMENTS_REFUSED   the bucket cannot be reached, or refuses what is asked of it
 *     DOCUMENT_CHANGED    a document is not the one that was planned
 */
export type DocumentsErrorCode = "DOCUMENTS_REFUSED" | "DOCUMENT_CHANGED";

/** `message` is `CODE: what happened`, and what to do on a line of its own. */
export class DocumentsError extends Error {
  override readonly name = "DocumentsError";
  readonly code: DocumentsErrorCode;

  constructor(code: DocumentsErrorCode, what: string, remedy: string) {
    super(`${code}: ${what}\n${remedy}`);
    this.code = code;
    // The host prints the stack of whatever a method throws; this explains itself.
    this.stack = "";
  }
}
