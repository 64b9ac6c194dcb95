export { DocumentsError, type DocumentsErrorCode } from "./errors.ts";
export { type StoredObjects, openStoredObjects } from "./stored-objects.ts";
export { StoredDocument, type StoredDocumentArgs } from "./stored-document.ts";
