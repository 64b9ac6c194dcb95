import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type { Client } from "pg";
import { hasOnlyTables, markLeft, unmarkLeft } from "./left-schema.ts";

/** A role, and the one schema that it owns. */
export interface OwnedSchema {
  readonly role: string;
  readonly schema: string;
}

/** One run at a time changes roles: two that revoke the same right at once would get in each other's way. */
const LOCK = 7_305_809_107;

/** Runs statements that take effect together or not at all, so a run that is killed leaves nothing half done. */
export async function atOnce(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query("BEGIN");
  await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
  await work();
  await client.query("COMMIT");
}

/** Returns whether the connection's user may create roles. */
export async function mayCreateRoles(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user",
  );
  return rows[0]?.may === true;
}

/**
 * Makes a role that may log in and owns its schema, and nothing else. A schema that is there already, with its tables, is handed
 * over; the connection's user stays a member of the role, so a crew that still runs as that user goes on.
 */
export async function makeRole(
  client: Client,
  { role, schema }: OwnedSchema,
  password: string,
): Promise<void> {
  const name = client.escapeIdentifier(role);
  const space = client.escapeIdentifier(schema);
  const login = `LOGIN PASSWORD ${client.escapeLiteral(verifierOf(password))}`;
  await client.query(`${(await hasRole(client, role)) ? "ALTER" : "CREATE"} ROLE ${name} ${login}`);
  await refuseMoreRights(client, role);
  await client.query(`GRANT ${name} TO CURRENT_USER`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${space}`);
  await unmarkLeft(client, schema);
  await client.query(`ALTER SCHEMA ${space} OWNER TO ${name}`);
  for (const { kind, object } of await objectsIn(client, schema)) {
    await client.query(`ALTER ${kind} ${space}.${client.escapeIdentifier(object)} OWNER TO ${name}`);
  }
  await client.query(`REVOKE ALL ON SCHEMA ${space} FROM PUBLIC`);
  await closePublicSchema(client, role);
  const database = await client.query<{ name: string }>("SELECT current_database() AS name");
  await client.query(
    `GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database.rows[0]?.name ?? "")} TO ${name}`,
  );
}

/**
 * Removes a role. Its schema stays, with the customers' jobs in it, and belongs to the connection's user; an empty one goes too. Where the
 * agent has made anything that runs (functions, views), all stays that role's, which cannot log in any more: if the connection's user
 * owned it, it would run with that user's rights.
 *
 * @param keepDays after so many days a later run drops the schema; undefined: none does
 */
export async function removeRole(
  client: Client,
  { role, schema }: OwnedSchema,
  keepDays: number | undefined,
): Promise<void> {
  if (!(await hasRole(client, role))) return;
  const name = client.escapeIdentifier(role);
  await client.query(`GRANT ${name} TO CURRENT_USER`);
  await client.query(`ALTER ROLE ${name} NOLOGIN`);
  await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [role]);
  if (!(await hasOnlyTables(client, schema))) return;
  await client.query(`REASSIGN OWNED BY ${name} TO CURRENT_USER`);
  // A session of the role may have ended a moment later than it was told to.
  if (!(await hasOnlyTables(client, schema)))
    throw new Error(`the role ${role} changed its schema while it was removed`);
  await client.query(`DROP OWNED BY ${name}`);
  await client.query(`DROP ROLE ${name}`);
  const known = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
  if (known.rowCount === 0) return;
  if ((await objectsIn(client, schema)).length === 0) {
    await client.query(`DROP SCHEMA ${client.escapeIdentifier(schema)}`);
  } else if (keepDays !== undefined) await markLeft(client, schema, keepDays);
}

export async function hasRole(client: Client, role: string): Promise<boolean> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
  return rowCount !== 0;
}

interface SchemaObject {
  readonly kind: "TABLE" | "SEQUENCE" | "VIEW" | "MATERIALIZED VIEW";
  readonly object: string;
}

/** Returns what is in a schema; indexes and sequences of columns follow their tables. */
async function objectsIn(client: Client, schema: string): Promise<SchemaObject[]> {
  const { rows } = await client.query<SchemaObject>(
    `SELECT relname AS object,
            CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname = $1 AND relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND relkind = 'S' AND deptype IN ('a', 'i'))`,
    [schema],
  );
  return rows;
}

/** A role of this name that somebody else made, or changed, could reach what is not its own. */
async function refuseMoreRights(client: Client, role: string): Promise<void> {
  const { rows } = await client.query<{ more: boolean }>(
    `SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
            OR EXISTS (SELECT 1 FROM pg_auth_members WHERE member = r.oid) AS more
       FROM pg_roles r WHERE rolname = $1`,
    [role],
  );
  if (rows[0]?.more === false) return;
  throw new Error(
    `the role ${role} is there already and may do more than it should; revoke that, or drop it`,
  );
}

/** Before PostgreSQL 15 every role may create tables in the schema public, where others would find them. */
async function closePublicSchema(client: Client, role: string): Promise<void> {
  const mayCreate = async (): Promise<boolean> => {
    const { rows } = await client.query<{ may: boolean }>(
      "SELECT bool_or(has_schema_privilege($1, nspname, 'CREATE')) AS may FROM pg_namespace WHERE nspname = 'public'",
      [role],
    );
    return rows[0]?.may === true;
  };
  if (!(await mayCreate())) return;
  await client.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  if (!(await mayCreate())) return;
  throw new Error(
    "every role may create tables in the schema public, and masumi:databaseUrl's user may not change that; have its owner " +
      "run REVOKE CREATE ON SCHEMA public FROM PUBLIC",
  );
}

const ITERATIONS = 4096;

/** Returns what PostgreSQL keeps of a password (RFC 5803), so that neither a statement nor a server's log has the password itself. */
function verifierOf(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${stored}:${keyed("Server Key").toString("base64")}`;
}
