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
  await syncFolder(dirname(file)).catch((error: unknown) => {
    throw fileError(file, error);
  });
}

/** Syncs of folders that have not begun yet, by folder: they will cover all that was renamed until then. */
const upcoming = new Map<string, Promise<void>>();
/** The last sync of each folder, as long as it lasts. */
const syncing = new Map<string, Promise<void>>();

/**
 * Returns once what was made or renamed in a folder is on disk. Files that are written at the same time share a sync.
 *
 * @throws the system's error if that may not be so
 */
export function syncFolder(folder: string): Promise<void> {
  const next = upcoming.get(folder);
  if (next) return next;
  const sync = syncAfter(syncing.get(folder), folder);
  upcoming.set(folder, sync);
  return sync;
}

async function syncAfter(before: Promise<void> | undefined, folder: string): Promise<void> {
  await before?.catch(() => undefined);
  const own = upcoming.get(folder);
  upcoming.delete(folder);
  if (own) syncing.set(folder, own);
  try {
    await withHandle(folder, "r", undefined, (handle) => handle.sync());
  } catch (error) {
    if (!CANNOT_SYNC.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    if (syncing.get(folder) === own) syncing.delete(folder);
  }
}

/** Not every system can sync a folder, or lets this user; where it cannot, renaming alone is durable. */
const CANNOT_SYNC: ReadonlySet<string> = new Set([
  "EINVAL",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EISDIR",
  "EPERM",
  "EACCES",
]);

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
