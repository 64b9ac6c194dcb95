import { renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

const draftOf = (file: string) => `${file}.${process.pid}.new`;

/**
 * Replaces a file atomically: readers see either the old or the new content. The folder must exist.
 *
 * @param content the new content, or a function that writes it to a given path
 * @param mode permissions of the new file, default 0o644
 */
export function writeAtomicallySync(
  file: string,
  content: string | Uint8Array | ((draft: string) => void),
  mode = 0o644,
): void {
  const draft = draftOf(file);
  if (typeof content === "function") content(draft);
  else writeFileSync(draft, content, { mode, flush: true });
  renameSync(draft, file);
}

/** Does the same durably: once this has finished, the new content survives a power failure. */
export async function writeAtomically(file: string, content: string, mode = 0o644): Promise<void> {
  const draft = draftOf(file);
  await withHandle(draft, "w", mode, async (handle) => {
    await handle.writeFile(content);
    await handle.sync();
  });
  await rename(draft, file);
  // Not every system can sync a folder; where it cannot, renaming alone is durable.
  await withHandle(dirname(file), "r", undefined, (folder) => folder.sync()).catch(() => undefined);
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
