import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { Complain } from "./load/located.ts";
import { pathProblem } from "./load/repository.ts";
import type { StoredReference } from "./schema/stored-document.ts";

export type { StoredReference };

/** A document as its author wrote it: a path in the repository, an https link with a digest, or a file that is stored. */
export type DeclaredDocument = string | StoredReference;

/** What the crew runtime can read (crew/src/crew_runtime/documents). */
const TYPES = [".csv", ".md", ".pdf", ".txt"];

const MEBIBYTE = 1024 * 1024;

/** The maximum size of a document in an agent's image, and of all of them together. */
export const MAX_DOCUMENT_BYTES = 10 * MEBIBYTE;
export const MAX_DOCUMENTS_BYTES = 25 * MEBIBYTE;
/**
 * Larger documents are stored outside the image. Only PDFs, because only pictures make a document so large: no crew reads that
 * much text (the limit is 4000 passages of 1200 characters).
 */
export const MAX_LARGE_DOCUMENT_BYTES = 200 * MEBIBYTE;
export const MAX_LARGE_DOCUMENTS_BYTES = 500 * MEBIBYTE;

/** Returns the maximum size of a document, by the extension of its name. */
export const maxBytesOf = (name: string): number =>
  posix.extname(name).toLowerCase() === ".pdf" ? MAX_LARGE_DOCUMENT_BYTES : MAX_DOCUMENT_BYTES;
const DIGEST = /^#sha256=([0-9a-f]{64})$/;

/** A document that has to be fetched: from where, and its expected digest. */
export interface DocumentLink {
  readonly url: string;
  readonly sha256: string;
  /** The last part of its path, whose extension is the type. */
  readonly name: string;
}

const isLink = (document: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(document);

/** Returns the parts of an https link with a digest; undefined for anything else. */
export function linkOf(document: string): DocumentLink | undefined {
  if (!isLink(document) || !URL.canParse(document)) return undefined;
  const url = new URL(document);
  const [, sha256] = DIGEST.exec(url.hash) ?? [];
  if (url.protocol !== "https:" || url.username || url.password || !sha256) return undefined;
  url.hash = "";
  return { url: url.href, sha256, name: posix.basename(url.pathname) };
}

/** Returns whether a document is one that is stored. */
export const isStoredReference = (document: DeclaredDocument): document is StoredReference =>
  typeof document !== "string";

export interface DocumentContext {
  readonly projectRoot: string;
  readonly file: string;
  /** Whether documents that are too large for an image can be stored: on this machine, or in the stack's bucket. */
  readonly takesLarge: boolean;
  /** Whether the stack has a place where stored documents are. */
  readonly hasStore: boolean;
}

/** Complains about documents that do not exist, cannot be read or are too large. Fetches nothing. */
export function checkDocuments(
  documents: readonly DeclaredDocument[],
  context: DocumentContext,
  complain: Complain,
): void {
  const { projectRoot, file, takesLarge } = context;
  let inImage = 0;
  let large = 0;
  for (const [index, document] of documents.entries()) {
    const path = ["documents", index];
    if (typeof document !== "string") {
      checkStored(documents, index, document, context, complain);
      continue;
    }
    const problem =
      documents.indexOf(document) < index
        ? { message: `"${document}" is listed twice`, remedy: "remove one" }
        : isLink(document)
          ? linkProblem(document)
          : pathProblem(projectRoot, file, document, "file");
    if (problem) {
      complain(path, problem.message, problem.remedy);
      continue;
    }
    const name = linkOf(document)?.name ?? document;
    if (!TYPES.includes(posix.extname(name).toLowerCase())) {
      complain(path, `crews cannot read "${name}"`, `documents end in ${TYPES.join(", ")}`);
    }
    if (linkOf(document)) continue;
    const { size } = statSync(join(projectRoot, document));
    if (size > MAX_DOCUMENT_BYTES) large += size;
    else inImage += size;
    const remedy = sizeRemedy(document, size, takesLarge);
    const unreadable = remedy ? undefined : contentProblem(join(projectRoot, document));
    if (remedy) complain(path, `"${document}" has ${mebibytes(size)} MiB`, remedy);
    if (unreadable) complain(path, `"${document}" ${unreadable.message}`, unreadable.remedy);
  }
  for (const [bytes, most, where] of [
    [inImage, MAX_DOCUMENTS_BYTES, "fit into an agent's image"],
    [large, MAX_LARGE_DOCUMENTS_BYTES, "may be stored for an agent"],
  ] as const) {
    if (bytes <= most) continue;
    const limit = `at most ${most / MEBIBYTE} MiB ${where}: leave some out`;
    complain(["documents"], `the documents have ${mebibytes(bytes)} MiB in total`, limit, "key");
  }
}

/** Complains about what is wrong with a stored document before anybody looks whether it is there. */
function checkStored(
  documents: readonly DeclaredDocument[],
  index: number,
  { stored, name }: StoredReference,
  { hasStore }: DocumentContext,
  complain: Complain,
): void {
  const path = ["documents", index];
  const first = documents.findIndex((one) => typeof one !== "string" && one.stored === stored);
  if (first < index) complain(path, `"${name}" is listed twice`, "remove one");
  if (!TYPES.includes(posix.extname(name).toLowerCase())) {
    complain([...path, "name"], `crews cannot read "${name}"`, `documents end in ${TYPES.join(", ")}`);
  }
  if (hasStore) return;
  complain(
    path,
    `"${name}" is stored, and this stack has no place for stored documents`,
    "set masumi:documents to a bucket or a folder (docs/operations.md)",
  );
}

/** Returns what to do about a document that is too large; undefined if it is not. */
function sizeRemedy(name: string, size: number, takesLarge: boolean): string | undefined {
  const most = maxBytesOf(name);
  if (size > most) {
    return `at most ${most / MEBIBYTE} MiB for this type: split it, or leave out what no customer asks about`;
  }
  if (size <= MAX_DOCUMENT_BYTES || takesLarge) return undefined;
  return (
    `at most ${MAX_DOCUMENT_BYTES / MEBIBYTE} MiB fit into an image: set a bucket for larger documents in the stack's ` +
    "masumi:documents (docs/operations.md), or split it"
  );
}

/** The most that a crew reads, in passages and in characters of each (crew/src/crew_runtime/documents/passages.py). */
const MAX_CHARACTERS = 4000 * 1200;

/** Returns why the crew runtime could not read a file; undefined if it can, as far as that is known without parsing PDFs. */
function contentProblem(file: string): { message: string; remedy: string } | undefined {
  try {
    accessSync(file, constants.R_OK);
    if (posix.extname(file).toLowerCase() === ".pdf") return undefined;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)).replaceAll(/\s+/g, "");
    if (text === "") return { message: "has no text", remedy: "leave it out" };
    if (text.length <= MAX_CHARACTERS) return undefined;
    return { message: `has ${text.length} characters`, remedy: `at most ${MAX_CHARACTERS}: shorten it` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ERR_ENCODING_INVALID_ENCODED_DATA"
      ? { message: "is not UTF-8 text", remedy: "save it as UTF-8" }
      : { message: `cannot be opened (${code ?? "unknown reason"})`, remedy: "check its permissions" };
  }
}

const mebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);

function linkProblem(document: string): { message: string; remedy: string } | undefined {
  if (linkOf(document)) return undefined;
  const plain = URL.canParse(document) ? new URL(document) : undefined;
  if (plain?.protocol !== "https:" || plain.username || plain.password) {
    return {
      message: `"${document.replace(/\/\/.*@/, "//…@")}" is not an https link`,
      remedy: "documents are files in the repository, or https links without a password",
    };
  }
  return {
    message: `"${document}" has no digest, so its content could change unnoticed`,
    remedy: "add #sha256= and the 64 hex digits of the file's SHA-256 (sha256sum prints them)",
  };
}
