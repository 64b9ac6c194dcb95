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

type ServerErrorCode = "PORTAL_DATABASE_UNREACHABLE";

/** The database server of DATABASE_URL does not answer, or does not let the portal in. */
export class DatabaseUnreachableError extends CodedError<ServerErrorCode> {
  constructor(url: string, cause: unknown) {
    const { host, pathname } = new URL(url);
    // Node says nothing of several addresses that all refuse but a code.
    const { message = "", code = "" } = cause as { message?: string; code?: string };
    super(
      "PORTAL_DATABASE_UNREACHABLE",
      `the database ${host}${pathname} of DATABASE_URL cannot be opened: ${message || code}.`,
      "See to it that the server runs and that DATABASE_URL has its address, a user, the password and a database.",
      { cause },
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
 * @throws DatabaseInUseError, DatabaseUnreachableError
 */
export async function openDatabase(where: {
  readonly url: string | undefined;
  readonly folder: string;
}): Promise<OpenedDatabase> {
  const opened =
    where.url === undefined ? await openAlone(where.folder) : { database: await reach(where.url) };
  try {
    await migrate(opened.database);
  } catch (error) {
    await opened.database.close();
    throw error;
  }
  return opened;
}

async function reach(url: string): Promise<Database> {
  const database = openServer(url);
  try {
    await database.query("SELECT 1");
    return database;
  } catch (error) {
    await database.close();
    throw new DatabaseUnreachableError(url, error);
  }
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
