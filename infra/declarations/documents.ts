import { statSync } from "node:fs";
import { join, posix } from "node:path";
import type { Complain } from "./located.ts";
import { pathProblem } from "./repository.ts";

/** What the crew runtime can read (crew/src/crew_runtime/documents). */
const TYPES = [".csv", ".md", ".pdf", ".txt"];

/** What one document may have, and all of an agent's together: they travel with its image. */
export const MAX_DOCUMENT_BYTES = 10 * 1024 * 1024;
export const MAX_DOCUMENTS_BYTES = 25 * 1024 * 1024;

const MEBIBYTE = 1024 * 1024;
const DIGEST = /^#sha256=([0-9a-f]{64})$/;

/** A document that is fetched: from where, and what it must be. */
export interface DocumentLink {
  readonly url: string;
  readonly sha256: string;
  /** The last part of its path, which tells the type. */
  readonly name: string;
}

const isLink = (document: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(document);

/** The parts of a document that is an https link with a digest; undefined for anything else. */
export function linkOf(document: string): DocumentLink | undefined {
  if (!isLink(document) || !URL.canParse(document)) return undefined;
  const url = new URL(document);
  const [, sha256] = DIGEST.exec(url.hash) ?? [];
  if (url.protocol !== "https:" || url.username || url.password || !sha256) return undefined;
  url.hash = "";
  return { url: url.href, sha256, name: posix.basename(url.pathname) };
}

/** Complains of documents that are not there, cannot be read or are too large. Reads no file, and fetches nothing. */
export function checkDocuments(
  documents: readonly string[],
  { projectRoot, file }: { readonly projectRoot: string; readonly file: string },
  complain: Complain,
): void {
  let bytes = 0;
  for (const [index, document] of documents.entries()) {
    const path = ["documents", index];
    const problem =
      documents.indexOf(document) < index
        ? { message: `"${document}" is there twice`, remedy: "remove one" }
        : isLink(document)
          ? linkProblem(document)
          : pathProblem(projectRoot, file, document, "file");
    if (problem) {
      complain(path, problem.message, problem.remedy);
      continue;
    }
    const name = linkOf(document)?.name ?? document;
    if (!TYPES.includes(posix.extname(name).toLowerCase())) {
      complain(path, `"${name}" is of no type that crews read`, `documents end in ${TYPES.join(", ")}`);
    }
    if (linkOf(document)) continue;
    const { size } = statSync(join(projectRoot, document));
    bytes += size;
    if (size > MAX_DOCUMENT_BYTES) {
      const limit = `at most ${MAX_DOCUMENT_BYTES / MEBIBYTE}: split it, or leave out what no customer asks for`;
      complain(path, `"${document}" has ${mebibytes(size)} MiB`, limit);
    }
  }
  if (bytes > MAX_DOCUMENTS_BYTES) {
    const limit = `at most ${MAX_DOCUMENTS_BYTES / MEBIBYTE} travel with an agent's image: leave some out`;
    complain(["documents"], `the documents have ${mebibytes(bytes)} MiB together`, limit, "key");
  }
}

const mebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);

function linkProblem(document: string): { message: string; remedy: string } | undefined {
  if (linkOf(document)) return undefined;
  const plain = URL.canParse(document) ? new URL(document) : undefined;
  if (plain?.protocol !== "https:" || plain.username || plain.password) {
    return {
      message: `"${document.replace(/\/\/.*@/, "//…@")}" is not an https link`,
      remedy: "documents are files of the repository or https links, without a password",
    };
  }
  return {
    message: `"${document}" does not say what it leads to, so that it could change unseen`,
    remedy: "add #sha256= and the 64 hex digits of the file's SHA-256 (sha256sum tells them)",
  };
}
