import { renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

const draftOf = (file: string) => `${file}.${process.pid}.new`;

/**
 * Replaces a file so that whoever reads it finds the old content or the new one, never half of it. The folder must be there.
 *
 * @param content the new content, or what writes it to the path that it is given
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

/** The same, and a machine that loses its power after this has ended keeps the new content. */
export async function writeAtomically(file: string, content: string, mode = 0o644): Promise<void> {
  const draft = draftOf(file);
  await withHandle(draft, "w", mode, async (handle) => {
    await handle.writeFile(content);
    await handle.sync();
  });
  await rename(draft, file);
  // Not every system can sync a folder; where it cannot, renaming is durable by itself.
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
