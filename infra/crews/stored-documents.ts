import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { printable } from "../../providers/common/printable.ts";
import { DocumentsError } from "../../providers/documents/errors.ts";
import { openStoredObjects } from "../../providers/documents/stored-objects.ts";
import type { StackConfig } from "../config.ts";
import {
  type Agent,
  type StoredReference,
  isStoredReference,
  maxBytesOf,
  runsInRuntime,
} from "../declarations/index.ts";
import { digestOf, keptDocument } from "./agent-files.ts";
import { HostingError } from "./errors.ts";

/** Whose stored documents are looked for. */
export interface StoredInput {
  readonly config: Pick<StackConfig, "documents" | "documentsFolder" | "aws">;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  readonly agents: readonly Agent[];
  readonly signal?: AbortSignal | undefined;
}

/** Where stored documents are. */
interface Store {
  /** Returns what is wrong with a document; undefined once it is at `target` and is the one that is declared. */
  place(document: StoredReference, target: string, signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

/** How many documents are looked for at a time. */
const AT_A_TIME = 8;

/**
 * Brings every stored document that agents declare to this machine, beside those that were fetched from links, and returns what is
 * wrong with the others. Where they are stored, nothing is changed.
 *
 * @throws DocumentsError DOCUMENTS_REFUSED if the bucket cannot be read
 */
export async function placeStoredDocuments(input: StoredInput): Promise<HostingError[]> {
  return (await placeEach(input)).map(notStored);
}

/** Does the same for a look at a stack: a bucket that this machine may not read is left out, which doctor tells. */
export async function missingDocuments(input: StoredInput): Promise<HostingError[]> {
  try {
    return await placeStoredDocuments(input);
  } catch (error) {
    if (error instanceof DocumentsError) return [];
    throw error;
  }
}

/**
 * Does the same before a run.
 *
 * @throws HostingError DOCUMENT_NOT_STORED with every document that cannot be had; DocumentsError DOCUMENTS_REFUSED
 */
export async function fetchStoredDocuments(input: StoredInput): Promise<void> {
  const [first, ...more] = await placeEach(input);
  if (first === undefined) return;
  throw notStored(more.length === 0 ? first : `Nothing was changed.\n  - ${[first, ...more].join("\n  - ")}`);
}

const notStored = (what: string) =>
  new HostingError(
    "DOCUMENT_NOT_STORED",
    what,
    "Store the file again where masumi:documents says, under its SHA-256, or remove it from the agent's documents.",
  );

/** Returns what is wrong with each document that cannot be had. */
async function placeEach({ config, projectRoot, agents, signal }: StoredInput): Promise<string[]> {
  const left = agents
    .filter(runsInRuntime)
    .flatMap(({ file, documents }) =>
      documents.filter(isStoredReference).map((document) => ({ file, document })),
    );
  if (left.length === 0) return [];
  const store = await openStore(config);
  mkdirSync(dirname(join(projectRoot, keptDocument("one"))), { recursive: true, mode: 0o700 });
  const problems: string[] = [];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const { stored, name } = next.document;
      const problem = await store.place(next.document, join(projectRoot, keptDocument(stored)), signal);
      if (problem === undefined) continue;
      problems.push(`${next.file}: ${printable(name)}, stored as ${stored}, ${problem}.`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  } finally {
    store.close();
  }
  return problems.toSorted();
}

async function openStore({ documents, documentsFolder, aws }: StoredInput["config"]): Promise<Store> {
  if (documentsFolder !== undefined) return folderStore(documentsFolder);
  // A stack without either is refused by the check of its declarations.
  if (!documents)
    return { place: async () => "has no place: masumi:documents is missing", close: () => undefined };
  const { bucket, endpoint, prefix = "", profile = aws.profile } = documents;
  const region = documents.region ?? aws.region ?? "";
  const place = { bucket, region, ...(endpoint ? { endpoint } : {}), ...(profile ? { profile } : {}) };
  const objects = await openStoredObjects(place, prefix);
  return {
    async place({ stored, name }, target, signal) {
      const bytes = await objects.size(stored, signal);
      if (bytes === undefined) return `is not in the bucket ${bucket}`;
      if (bytes > maxBytesOf(name)) return `has ${bytes} bytes, more than ${maxBytesOf(name)}`;
      if (existsSync(target) && digestOf(target) === stored) return undefined;
      const draft = `${target}.${process.pid}.new`;
      try {
        const sha256 = await objects.download(stored, draft, signal);
        if (sha256 !== stored) return `is another file in the bucket ${bucket}, with the digest ${sha256}`;
        renameSync(draft, target);
      } finally {
        rmSync(draft, { force: true });
      }
      return undefined;
    },
    close: () => objects.close(),
  };
}

function folderStore(folder: string): Store {
  return {
    async place({ stored, name }, target) {
      const file = join(folder, stored);
      const found = statSync(file, { throwIfNoEntry: false });
      if (!found?.isFile()) return `is not in ${folder}`;
      if (found.size > maxBytesOf(name)) return `has ${found.size} bytes, more than ${maxBytesOf(name)}`;
      const sha256 = digestOf(file);
      if (sha256 !== stored) return `is another file in ${folder}, with the digest ${sha256}`;
      linkTo(file, target);
      return undefined;
    },
    close: () => undefined,
  };
}

/** Puts a link in the place of whatever is there. */
function linkTo(file: string, target: string): void {
  if (linkOfFile(target) === file) return;
  const draft = `${target}.${process.pid}.new`;
  rmSync(draft, { force: true });
  symlinkSync(file, draft);
  renameSync(draft, target);
}

function linkOfFile(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
