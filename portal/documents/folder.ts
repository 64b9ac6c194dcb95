import { mkdirSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeSpooled, spool } from "./spool.ts";
import type { DocumentStore } from "./store.ts";

/** Keeps documents in a folder of this machine. */
export function folderStore(folder: string): DocumentStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const incoming = join(folder, "incoming");
  const fileOf = (sha256: string) => join(folder, sha256);
  return {
    put: (source, claim) =>
      spool(incoming, source, async ({ file, sha256, bytes }) => {
        await claim?.(sha256);
        // Also over one that is there: whoever stored it before sees by its time that others need it, too.
        await rename(file, fileOf(sha256));
        return { sha256, bytes };
      }),
    async storedAt(sha256) {
      try {
        return (await stat(fileOf(sha256))).mtime;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    remove: (sha256) => rm(fileOf(sha256), { force: true }),
    removeUnfinished: (before) => removeSpooled(incoming, before),
  };
}
