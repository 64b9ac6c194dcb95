import { readFileSync } from "node:fs";
import type { Client, ClientConfig } from "pg";
import { DatabaseError } from "./errors.ts";

/** A database, and how it is trusted. */
export interface Server {
  /** postgresql://user:password@host:port/database?sslmode=verify-full */
  readonly server: string;
  /** The certificates that its own is checked against, as PEM text; absent: the public authorities'. */
  readonly ca?: string | undefined;
}

const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;

/** What libpq reads from a URL and the driver would read in another way, or not at all. */
const SSL_PARAMETERS = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/** Runs work over one connection. @throws DatabaseError */
export async function inDatabase<T>(at: Server, work: (client: Client) => Promise<T>): Promise<T> {
  // Loaded on use, because most stacks have no database.
  const { default: pg } = await import("pg");
  const client = new pg.Client(connectionOf(at));
  // A connection that breaks while nobody asks anything would end the process; whoever asks next is told.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw unreachable(at, error);
  }
  try {
    return await work(client);
  } catch (error) {
    throw error instanceof DatabaseError ? error : refused(at, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Returns how the driver connects: encrypted and checked as the URL's sslmode says, which it would take more lightly. */
export function connectionOf({ server, ca }: Server): ClientConfig {
  const url = new URL(server);
  const mode = url.searchParams.get("sslmode") ?? "disable";
  const file = url.searchParams.get("sslrootcert");
  for (const name of SSL_PARAMETERS) url.searchParams.delete(name);
  const authorities = ca ?? (file && file !== "system" ? readFileSync(file, "utf8") : undefined);
  return {
    connectionString: url.href,
    ssl:
      mode === "disable" || mode === "allow" || mode === "prefer"
        ? false
        : { rejectUnauthorized: mode.startsWith("verify-"), ...(authorities ? { ca: authorities } : {}) },
    application_name: "masumi-agents",
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
    statement_timeout: STATEMENT_MS,
  };
}

/** A database as it may be named in a message: without user and password. */
export function placeOf({ server }: Pick<Server, "server">): string {
  const { host, pathname } = new URL(server);
  return `${host}${pathname}`;
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return [code, message].filter(Boolean).join(": ") || String(error);
};

const unreachable = (at: Server, error: unknown): DatabaseError =>
  new DatabaseError(
    "DATABASE_UNREACHABLE",
    `The database ${placeOf(at)} cannot be used from here: ${reasonOf(error)}.`,
    "up makes a role for each agent there, so this machine must reach it: check masumi:databaseUrl (and masumi:databaseCa). " +
      "If only the containers reach it, make the roles yourself and set masumi:databaseUrls (docs/operations.md, Database).",
  );

const refused = (at: Server, error: unknown): DatabaseError =>
  new DatabaseError(
    "DATABASE_REFUSED",
    `The database ${placeOf(at)} refuses to give an agent a role of its own: ${reasonOf(error)}.`,
    "Let the user of masumi:databaseUrl own the database, the crews' schemas and their tables, or make the roles yourself and set " +
      "masumi:databaseUrls (docs/operations.md, Database).",
  );
