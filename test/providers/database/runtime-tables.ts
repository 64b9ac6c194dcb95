import { readFileSync } from "node:fs";

/** Returns the statements by which the crew runtime makes its tables in PostgreSQL, as it has them itself. */
export function runtimeTables(): readonly string[] {
  const source = readFileSync("crew/src/crew_runtime/store/schema.py", "utf8");
  const steps = [...source.matchAll(/^_V\d+: Final = """([^]*?)"""/gm)].map(([, sql = ""]) =>
    sql.replaceAll("{integer}", "BIGINT").replaceAll("{options}", ""),
  );
  if (steps.length < 9) throw new Error("schema.py is not written as it was");
  return [...steps, "CREATE TABLE crew_schema (version INTEGER NOT NULL)"];
}
