import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stored } from "./store.ts";

/** What came, in a file, with what is known of it once all of it is there. */
export interface Spooled extends Stored {
  readonly file: string;
}

/** Writes what comes into a file while hashing it, and hands that file on; it is gone afterwards, unless it was moved away. */
export async function spool<T>(
  folder: string,
  source: AsyncIterable<Uint8Array>,
  use: (spooled: Spooled) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, randomUUID());
  const hash = createHash("sha256");
  let bytes = 0;
  async function* hashed() {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    // Not by a stream: its file may be made only after the source has failed, and thus after its removal below.
    await writeFile(file, hashed(), { mode: 0o600, flush: true });
    return await use({ file, sha256: hash.digest("hex"), bytes });
  } finally {
    await rm(file, { force: true });
  }
}

/** Removes files that were written to last before a time: whoever spooled them was killed. */
export async function removeSpooled(folder: string, before: Date): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found && found.mtime <= before) await rm(file, { force: true });
  }
}
