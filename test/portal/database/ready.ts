import { cpSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { type OpenedDatabase, openDatabase } from "../../../portal/database/open.ts";
import { withLockFile } from "../../../providers/common/lock-file.ts";

/**
 * Puts an embedded database without tables into a new folder, as the first start of a portal makes it there. That takes 4 CPU seconds,
 * so a run of the tests does it once, and copies it.
 */
export async function placeDatabase(folder: string): Promise<void> {
  const made = join(tmpdir(), "masumi-portal-database");
  await withLockFile(`${made}.lock`, async () => {
    if (existsSync(made)) return;
    await (await PGlite.create(`${made}.new`)).close();
    renameSync(`${made}.new`, made);
  });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  cpSync(made, join(folder, "postgres"), { recursive: true });
}

/** Opens an embedded database in a new folder. */
export async function openNewDatabase(folder: string): Promise<OpenedDatabase> {
  await placeDatabase(folder);
  return openDatabase({ url: undefined, folder });
}
