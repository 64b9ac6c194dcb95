import { DatabaseSync, type StatementSync } from "node:sqlite";
import { MISSING, SCHEMA_VERSION } from "./schema.ts";

/** A database file of another version of the sandbox. */
export class DatabaseVersionError extends Error {
  readonly code = "SANDBOX_DATABASE_VERSION";
  constructor(file: string, found: number) {
    super(
      `${file} was written by another version of the sandbox (${found}, this one needs ${SCHEMA_VERSION}). ` +
        `Remove the file, or name another with --db.`,
    );
    this.name = "DatabaseVersionError";
  }
}

/** Opens the database, making it when new. Without a file everything lives in memory. */
export function openDatabase(file?: string): DatabaseSync {
  const db = new DatabaseSync(file ?? ":memory:");
  // A killed process loses nothing with these; only a power cut could, and then a simulation may start anew.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;");
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  const missing = MISSING[version];
  if (missing === undefined) {
    db.close();
    throw new DatabaseVersionError(file ?? ":memory:", version);
  }
  if (missing !== "") db.exec(`BEGIN; ${missing} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  return db;
}

/** Compiles a statement once and finds it again by its text. */
export type Prepare = (sql: string) => StatementSync;

export function statementCache(db: DatabaseSync): Prepare {
  const known = new Map<string, StatementSync>();
  return (sql) => {
    const statement = known.get(sql) ?? db.prepare(sql);
    known.set(sql, statement);
    return statement;
  };
}
