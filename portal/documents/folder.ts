import { mkdirSync } from "node:fs";
import { access, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeSpooled, spool } from "./spool.ts";
import { type DocumentStore, isDigest } from "./store.ts";

/** Keeps documents in a folder of this machine. */
export function folderStore(folder: string): DocumentStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const incoming = join(folder, "incoming");
  const fileOf = (sha256: string) => join(folder, sha256);
  return {
    put: (source) =>
      spool(incoming, source, async ({ file, sha256, bytes }) => {
        // Also over one that is there: it counts as stored now, so no sweep removes it.
        await rename(file, fileOf(sha256));
        return { sha256, bytes };
      }),
    has: (sha256) =>
      access(fileOf(sha256)).then(
        () => true,
        () => false,
      ),
    remove: (sha256) => rm(fileOf(sha256), { force: true }),
    removeUnfinished: (before) => removeSpooled(incoming, before),
    async *list() {
      for (const name of await readdir(folder)) {
        if (!isDigest(name)) continue;
        const { mtime } = await stat(fileOf(name));
        yield { sha256: name, storedAt: mtime };
      }
    },
  };
}
