import { linkSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { uptime } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { createAtomicallySync } from "./atomic-write.ts";
import { isProcessAlive } from "./process-alive.ts";

const PAUSE_MS = 100;

/**
 * Does work that only one process of this machine may do at a time. The file says which one does; what a killed one leaves
 * is taken over. The folder must exist.
 *
 * @throws FileError FILE_NOT_WRITTEN
 */
export async function withLockFile<T>(
  file: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  while (!createAtomicallySync(file, String(process.pid))) {
    removeIfLeft(file);
    await sleep(PAUSE_MS, undefined, signal ? { signal } : {});
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Removes the file of a process that is gone. It is moved away first, since meanwhile another may have taken it over. */
function removeIfLeft(file: string): void {
  if (!isLeft(file)) return;
  const moved = `${file}.${process.pid}.left`;
  try {
    renameSync(file, moved);
    if (!isLeft(moved)) linkSync(moved, file);
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    rmSync(moved, { force: true });
  }
}

/** Whether its process has ended; one from before this machine started has, whoever has its number now. */
function isLeft(file: string): boolean {
  try {
    if (statSync(file).mtimeMs < Date.now() - uptime() * 1000 - 1000) return true;
    return !isProcessAlive(Number(readFileSync(file, "utf8")));
  } catch {
    // It is gone already.
    return false;
  }
}
