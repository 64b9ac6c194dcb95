export { DocumentsError, type DocumentsErrorCode } from "./errors.ts";
export { StoredDocument, type StoredDocumentArgs } from "./stored-document.ts";
