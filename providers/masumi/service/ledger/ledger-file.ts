import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type LedgerEntry, type LedgerLines, formatEntry, parseLedger } from "./entry.ts";

/** Where a project's ledger is: only its owner may read it, since it names people, wallets and amounts. */
export const ledgerPath = (projectFolder: string): string => join(projectFolder, ".masumi", "ledger.jsonl");

const NEWLINE = 0x0a;
/** A link would lead the lines elsewhere. */
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * Appends a line, and returns once it is on disk. A line is one write at the file's end, so those of several resources and
 * processes do not mix.
 *
 * @throws Error of the file system
 */
export const appendEntry = (path: string, entry: LedgerEntry): Promise<void> =>
  appendLine(path, formatEntry(entry));

/** Lines of this process that wait for the write before them, by file. Together they are one write: a fleet appends by the thousand. */
const waiting = new Map<string, { readonly lines: string[]; readonly written: Promise<void> }>();
/** The last write to each file, as long as it lasts. */
const writing = new Map<string, Promise<void>>();

/** Appends a line to a file of this folder in the same way. @throws Error of the file system */
export function appendLine(path: string, text: string): Promise<void> {
  const next = waiting.get(path);
  if (next) {
    next.lines.push(text);
    return next.written;
  }
  const lines = [text];
  const written = (writing.get(path) ?? Promise.resolve())
    .catch(() => undefined)
    .then(() => {
      waiting.delete(path);
      return write(path, lines);
    });
  waiting.set(path, { lines, written });
  writing.set(path, written);
  const forget = () => void (writing.get(path) === written && writing.delete(path));
  written.then(forget, forget);
  return written;
}

async function write(path: string, lines: readonly string[]): Promise<void> {
  const file = await openToAppend(path);
  try {
    // After a line that a power failure cut off, these begin on a line of their own.
    const text = Buffer.from(`${(await endsInLine(file)) ? "" : "\n"}${lines.join("\n")}\n`);
    const { bytesWritten } = await file.write(text);
    if (bytesWritten !== text.length) throw new Error("the disk is full");
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openToAppend(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, FLAGS, 0o600);
  }
}

async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === NEWLINE;
}

/** Returns a file's text; "" if there is none yet. @throws Error of the file system */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Returns what is in a project's ledger. @throws Error of the file system */
export const readLedgerFile = async (path: string): Promise<LedgerLines> => parseLedger(await readText(path));
