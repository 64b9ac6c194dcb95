import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { CodedError } from "../../providers/common/coded-error.ts";
import { withLockFile } from "../../providers/common/lock-file.ts";
import type { Database } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { migrate } from "./migrate.ts";
import { openServer } from "./server.ts";

const LOCKED_WITHIN_MS = 2_000;

export type DatabaseErrorCode = "PORTAL_DATABASE_IN_USE";

/** The embedded database serves one process, and another one has it. */
export class DatabaseInUseError extends CodedError<DatabaseErrorCode> {
  constructor(folder: string) {
    super(
      "PORTAL_DATABASE_IN_USE",
      `another portal uses the embedded database in ${folder}.`,
      "End that one, or give both a PostgreSQL server: DATABASE_URL.",
    );
  }
}

export interface OpenedDatabase {
  readonly database: Database;
  /** The embedded database itself, for what needs more than queries; undefined where a server is used. */
  readonly pglite?: PGlite;
}

/**
 * Opens the database of a URL, or else the embedded one in a folder, and brings its tables up to date.
 *
 * @throws DatabaseInUseError
 */
export async function openDatabase(where: {
  readonly url: string | undefined;
  readonly folder: string;
}): Promise<OpenedDatabase> {
  const opened =
    where.url === undefined ? await openAlone(where.folder) : { database: openServer(where.url) };
  try {
    await migrate(opened.database);
  } catch (error) {
    await opened.database.close();
    throw error;
  }
  return opened;
}

/** Opens the embedded database, and keeps other processes from it until it is closed. */
async function openAlone(folder: string): Promise<OpenedDatabase> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = await holdFolder(folder);
  const { database, pglite } = await openEmbedded(join(folder, "postgres")).catch((error: unknown) => {
    release();
    throw error;
  });
  const close = async () => {
    await database.close();
    release();
  };
  return { database: closingWith(database, close), pglite };
}

const closingWith = (database: Database, close: () => Promise<void>): Database => ({
  query: (sql, parameters) => database.query(sql, parameters),
  transaction: (work) => database.transaction(work),
  tryLock: (name) => database.tryLock(name),
  listen: (channel, heard) => database.listen(channel, heard),
  close,
});

/** Takes the folder's lock file for as long as this process, or until the returned function is called. */
function holdFolder(folder: string): Promise<() => void> {
  return new Promise((held, failed) => {
    const hold = () => new Promise<void>((release) => held(release));
    withLockFile(join(folder, "portal.lock"), hold, AbortSignal.timeout(LOCKED_WITHIN_MS)).catch(
      (error: unknown) => {
        const isTaken = error instanceof Error && error.name === "AbortError";
        failed(isTaken ? new DatabaseInUseError(folder) : error);
      },
    );
  });
}
