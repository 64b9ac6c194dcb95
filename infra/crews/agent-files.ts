import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join } from "node:path";
import {
  type Agent,
  type AgentSource,
  type DeclaredDocument,
  type DocumentLink,
  LOCK_FILE,
  MAX_DOCUMENTS_BYTES,
  MAX_DOCUMENT_BYTES,
  MAX_LARGE_DOCUMENTS_BYTES,
  type StoredReference,
  codeInFolder,
  fileOf,
  linkOf,
  maxBytesOf,
} from "../declarations/index.ts";
import { type DeclaredFile, crewDeclaration } from "./crew-declaration.ts";
import { printable } from "../../providers/common/printable.ts";
import { ownProgram } from "../../providers/common/own-files.ts";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { lockOf } from "../../providers/crew-process/local/index.ts";
import { HostingError } from "./errors.ts";
import { type LockedPackages, lockedPackages } from "./packages/locked.ts";
import { type ContextFile, contextHash, folderContext, textFile } from "./build-context.ts";

/** The files of an agent that the crew runtime needs. */
export interface AgentFiles {
  /** The content of crew.json, which names the others. */
  readonly declaration: string;
  /**
   * The files next to it: documents and code. Their names contain digests of their contents, so files of an older version
   * are never overwritten.
   */
  readonly files: readonly ContextFile[];
  /** Documents that are too large for an image. */
  readonly large: readonly LargeFile[];
  /** What its code needs beside the packages of the runtime, to be installed at `folder` beside crew.json. */
  readonly packages?: LockedPackages;
}

/** A document that is never loaded into memory as a whole. */
export interface LargeFile {
  /** Relative to crew.json. */
  readonly path: string;
  /** Where its content is, relative to the project's folder. */
  readonly source: string;
  readonly sha256: string;
  readonly bytes: number;
}

const MEBIBYTE = 1024 * 1024;
/** Longer than the fetching program's own timeout. */
const FETCHED_WITHIN_MS = 330_000;

/**
 * Collects the files that an agent's crew needs. Links are fetched once and cached in .masumi/documents/ by their digest.
 *
 * @throws HostingError DOCUMENT_UNUSABLE, BUILD_CONTEXT_INVALID, PACKAGES_NOT_LOCKED
 */
export function agentFiles(projectRoot: string, network: string, agent: Agent): AgentFiles {
  const documents = agent.documents.map((document) => readDocument(projectRoot, document));
  // Several names may refer to the same content.
  const found = [...new Map(documents.map((document) => [document.declared.file, document])).values()];
  const large = found.flatMap(({ source, declared: { file, sha256, bytes } }) =>
    bytes === undefined ? [] : [{ path: file, source, sha256, bytes }],
  );
  const small = found.filter(({ declared }) => declared.bytes === undefined);
  checkSize(agent, small, MAX_DOCUMENTS_BYTES, "fit into an agent's image");
  checkSize(agent, large, MAX_LARGE_DOCUMENTS_BYTES, "may be stored for an agent");
  const { source } = agent;
  const code =
    source.kind === "code" ? { ...codeFiles(projectRoot, source), entry: source.entry } : undefined;
  const packages = source.kind === "code" ? lockedPackages(projectRoot, source.folder) : undefined;
  return {
    declaration: crewDeclaration(agent, network, {
      documents: documents.map(({ declared }) => declared),
      ...(code
        ? {
            code: {
              folder: code.folder,
              ...code.entry,
              ...(packages ? { packages: packages.folder } : {}),
            },
          }
        : {}),
    }),
    files: [
      ...small.map(({ declared: { file }, source }) => ({
        path: file,
        content: readFileSync(join(projectRoot, source)),
        executable: false,
      })),
      ...(code?.files ?? []),
    ],
    large,
    ...(packages ? { packages } : {}),
  };
}

function checkSize(
  { file }: Agent,
  documents: readonly { readonly bytes: number }[],
  most: number,
  where: string,
): void {
  const bytes = documents.reduce((sum, document) => sum + document.bytes, 0);
  if (bytes <= most) return;
  throw new HostingError(
    "DOCUMENT_UNUSABLE",
    `The documents of ${file} have ${(bytes / MEBIBYTE).toFixed(1)} MiB in total; at most ${most / MEBIBYTE} MiB ${where}.`,
    "Leave some out.",
  );
}

/** Returns the files for a build context, in the folder that the runtime's image reads. */
export const inImage = ({ declaration, files }: AgentFiles): ContextFile[] =>
  [textFile("crew.json", declaration), ...files].map((file) => ({ ...file, path: `agent/${file.path}` }));

/**
 * Adds the files, including large ones, to the folder of a crew that runs as a process, where another version may still be
 * running. Removes files that neither version names.
 */
export function placeFiles(
  projectRoot: string,
  home: string,
  { declaration, files, large, packages }: AgentFiles,
): void {
  for (const { path, content } of files) place(home, path, (draft) => writeFileSync(draft, content));
  for (const { path, source } of large) {
    place(home, path, (draft) => copyFileSync(join(projectRoot, source), draft));
  }
  if (packages) writeAtomicallySync(lockOf(home), packages.lock);
  const running = join(home, "crew.json");
  const named = declaration + (existsSync(running) ? readFileSync(running, "utf8") : "");
  for (const folder of ["documents", "code"].filter((folder) => existsSync(join(home, folder)))) {
    for (const name of readdirSync(join(home, folder))) {
      if (!named.includes(`"${folder}/${name}"`)) rmSync(join(home, folder, name), { recursive: true });
    }
  }
}

/** Writes atomically, because an incomplete file must never have a complete file's digest in its name. */
function place(home: string, path: string, write: (draft: string) => void): void {
  const target = join(home, path);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  writeAtomicallySync(target, write);
}

interface FoundDocument {
  readonly declared: DeclaredFile;
  /** Relative to the project's folder. */
  readonly source: string;
  readonly bytes: number;
}

/** Where documents that do not come from the repository are kept on this machine, by digest. */
export const keptDocument = (sha256: string): string => `.masumi/documents/${sha256}`;

function readDocument(projectRoot: string, document: DeclaredDocument): FoundDocument {
  if (typeof document !== "string") return readStored(projectRoot, document);
  const link = linkOf(document);
  const source = link ? fetched(projectRoot, link) : document;
  const bytes = statSync(join(projectRoot, source)).size;
  const sha256 = link?.sha256 ?? digestOf(join(projectRoot, source));
  // The name that a crew cites; the query of a link is not part of it.
  const name = link ? link.url.replace(/\?.*$/, "") : document;
  const file = `documents/${sha256.slice(0, 32)}${extname(link?.name ?? document).toLowerCase()}`;
  return found({ name, file, sha256 }, source, bytes);
}

function found(declared: Omit<DeclaredFile, "bytes">, source: string, bytes: number): FoundDocument {
  const isLarge = bytes > MAX_DOCUMENT_BYTES;
  return { declared: { ...declared, ...(isLarge ? { bytes } : {}) }, source, bytes };
}

/** Returns a stored document, which fetchStoredDocuments has placed here. */
function readStored(projectRoot: string, { stored, name }: StoredReference): FoundDocument {
  const source = keptDocument(stored);
  const { size } = statSync(join(projectRoot, source));
  const file = `documents/${stored.slice(0, 32)}${extname(name).toLowerCase()}`;
  if (size <= maxBytesOf(name)) return found({ name, file, sha256: stored }, source, size);
  throw new HostingError(
    "DOCUMENT_UNUSABLE",
    `The stored document ${stored} (${printable(name)}) has ${(size / MEBIBYTE).toFixed(1)} MiB.`,
    `At most ${maxBytesOf(name) / MEBIBYTE} MiB for this type: split it.`,
  );
}

/** Returns a file's SHA-256, reading piece by piece because documents may be large. */
export function digestOf(file: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(MEBIBYTE);
  const descriptor = openSync(file, "r");
  try {
    for (;;) {
      const read = readSync(descriptor, piece);
      if (read === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Fetches a document and returns its cached path. Blocks this thread, because builds and plans depend on every document. */
function fetched(projectRoot: string, { url, sha256, name }: DocumentLink): string {
  const kept = keptDocument(sha256);
  const target = join(projectRoot, kept);
  if (existsSync(target) && digestOf(target) === sha256) return kept;
  mkdirSync(dirname(target), { recursive: true });
  const wanted = JSON.stringify({ url, sha256, maxBytes: maxBytesOf(name) });
  const program = ownProgram("infra/crews/fetch-document");
  const { status, stderr } = spawnSync(process.execPath, [program, wanted, target], {
    encoding: "utf8",
    timeout: FETCHED_WITHIN_MS,
  });
  if (status === 0) return kept;
  throw new HostingError(
    "DOCUMENT_UNUSABLE",
    `The document ${url} ${status === 1 && stderr ? stderr : "could not be fetched"}.`,
    "Check the link; if its content was changed on purpose, declare the new digest.",
  );
}

/** Returns the files of a folder of code, placed in a folder that is named after their digest. */
export function codeFiles(
  projectRoot: string,
  { folder, entry }: Extract<AgentSource, { kind: "code" }>,
): { readonly folder: string; readonly files: ContextFile[] } {
  const files = folderContext(projectRoot, folder, fileOf(entry), codeInFolder).filter(
    ({ path }) => path !== LOCK_FILE,
  );
  const name = `code/${contextHash(files)}`;
  return { folder: name, files: files.map((file) => ({ ...file, path: `${name}/${file.path}` })) };
}
