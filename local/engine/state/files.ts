import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError } from "../errors.ts";

/**
 * Replaces a file so that after a crash either the old or the new content is there, whole: writes beside it, flushes to the disk, renames,
 * flushes the folder (without that a power cut may undo the rename).
 * @throws EngineError FILE_NOT_WRITTEN
 */
export async function writeFileAtomically(
  file: string,
  content: string | Buffer,
  mode = 0o666,
): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeDurably(temporary, content, mode);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explained(file, error);
  }
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeDurably(file: string, content: string | Buffer, mode: number): Promise<void> {
  const handle = await open(file, "w", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "this user may not write it",
  EPERM: "this user may not write it",
};

function explained(file: string, error: unknown): unknown {
  const { code = "" } = error as NodeJS.ErrnoException;
  const reason = REASONS[code];
  if (reason === undefined) return error;
  return new EngineError(
    "FILE_NOT_WRITTEN",
    `${file} could not be written: ${reason} (${code}). Its old content is still there.`,
    `Free some space, or make ${dirname(file)} writable, then run again.`,
    { cause: error },
  );
}
