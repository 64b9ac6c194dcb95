import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "./file-error.ts";

const draftOf = (file: string) => `${file}.${process.pid}.new`;

/**
 * Replaces a file atomically: readers see either the old or the new content. The folder must exist.
 *
 * @param content the new content, or a function that writes it to a given path
 * @param mode permissions of the new file, default 0o644
 * @throws FileError FILE_NOT_WRITTEN
 */
export function writeAtomicallySync(
  file: string,
  content: string | Uint8Array | ((draft: string) => void),
  mode = 0o644,
): void {
  withDraft(file, content, mode, (draft) => renameSync(draft, file));
}

/**
 * Creates a file with its whole content, unless it exists.
 *
 * @returns whether it was created
 * @throws FileError FILE_NOT_WRITTEN
 */
export function createAtomicallySync(file: string, content: string, mode = 0o644): boolean {
  return withDraft(file, content, mode, (draft) => {
    try {
      linkSync(draft, file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      return false;
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

function withDraft<T>(
  file: string,
  content: string | Uint8Array | ((draft: string) => void),
  mode: number,
  place: (draft: string) => T,
): T {
  const draft = draftOf(file);
  try {
    if (typeof content === "function") content(draft);
    else writeFileSync(draft, content, { mode, flush: true });
    return place(draft);
  } catch (error) {
    rmSync(draft, { force: true });
    throw fileError(file, error);
  }
}

/**
 * Does the same durably: once this has finished, the new content survives a power failure.
 *
 * @throws FileError FILE_NOT_WRITTEN
 */
export async function writeAtomically(file: string, content: string, mode = 0o644): Promise<void> {
  const draft = draftOf(file);
  try {
    await withHandle(draft, "w", mode, async (handle) => {
      await handle.writeFile(content);
      await handle.sync();
    });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw fileError(file, error);
  }
  await syncFolder(dirname(file));
}

/** Syncs of folders that have not begun yet, by folder: they will cover all that was renamed until then. */
const upcoming = new Map<string, Promise<void>>();
/** The last sync of each folder, as long as it lasts. */
const syncing = new Map<string, Promise<void>>();

/** Returns once what was renamed in a folder is on disk. Files that are written at the same time share a sync. */
function syncFolder(folder: string): Promise<void> {
  const next = upcoming.get(folder);
  if (next) return next;
  const sync: Promise<void> = (async () => {
    await syncing.get(folder);
    upcoming.delete(folder);
    syncing.set(folder, sync);
    // Not every system can sync a folder; where it cannot, renaming alone is durable.
    await withHandle(folder, "r", undefined, (handle) => handle.sync()).catch(() => undefined);
    if (syncing.get(folder) === sync) syncing.delete(folder);
  })();
  upcoming.set(folder, sync);
  return sync;
}

type Handle = Awaited<ReturnType<typeof open>>;

async function withHandle(
  path: string,
  flags: "r" | "w",
  mode: number | undefined,
  use: (handle: Handle) => Promise<void>,
): Promise<void> {
  const handle = await open(path, flags, mode);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
