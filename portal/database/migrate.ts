import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "./database.ts";

const folder = join(import.meta.dirname, "../sql");

/** Statements are sent one by one, as the embedded database takes them: a line that ends in ; ends one, outside of $$ … $$. */
function statementsOf(sql: string): string[] {
  const statements: string[] = [];
  let current = "";
  let isQuoted = false;
  for (const line of sql.split("\n")) {
    if (!isQuoted && /^\s*(--|$)/.test(line)) continue;
    current += `${line}\n`;
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) isQuoted = !isQuoted;
    if (isQuoted || !/;\s*$/.test(line)) continue;
    statements.push(current.trim());
    current = "";
  }
  if (current.trim() !== "") throw new Error(`A migration ends in the middle of a statement: ${current}`);
  return statements;
}

/**
 * Applies the migrations of portal/sql that the database does not have yet, in the order of their names, each in a transaction of its
 * own. Several portals may do so at once. A migration that was applied once is never changed afterwards.
 */
export async function migrate(database: Database): Promise<void> {
  await database.query(
    "CREATE TABLE IF NOT EXISTS portal_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
  );
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  for (const file of files.toSorted()) {
    const statements = statementsOf(readFileSync(join(folder, file), "utf8"));
    await database.transaction(async (queries) => {
      await queries.query("LOCK TABLE portal_migrations IN EXCLUSIVE MODE");
      const known = await queries.query("SELECT 1 FROM portal_migrations WHERE name = $1", [file]);
      if (known.length > 0) return;
      for (const statement of statements) await queries.query(statement);
      await queries.query("INSERT INTO portal_migrations (name) VALUES ($1)", [file]);
    });
  }
}
