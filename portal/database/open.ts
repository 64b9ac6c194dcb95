import type { PGlite } from "@electric-sql/pglite";
import type { Database } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { migrate } from "./migrate.ts";
import { openServer } from "./server.ts";

export interface OpenedDatabase {
  readonly database: Database;
  /** The embedded database itself, for what needs more than queries; undefined where a server is used. */
  readonly pglite?: PGlite;
}

/** Opens the database of a URL, or else the embedded one in a folder, and brings its tables up to date. */
export async function openDatabase(where: {
  readonly url: string | undefined;
  readonly folder: string;
}): Promise<OpenedDatabase> {
  const opened =
    where.url === undefined ? await openEmbedded(where.folder) : { database: openServer(where.url) };
  await migrate(opened.database);
  return opened;
}
