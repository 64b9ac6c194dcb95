import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { databaseRole as provider } from "../../../providers/database/host.ts";
import { readStoredUsage } from "../../../providers/database/agent-usage.ts";
import { postgresIsThere } from "../../cloud/postgres.ts";
import { runtimeTables } from "./runtime-tables.ts";
import { type Database, startDatabase } from "./server.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describe.skipIf(!postgresIsThere)("what a database has of agents' usage", () => {
  let database: Database;
  beforeAll(async () => {
    database = await startDatabase();
  });
  afterAll(() => database.close());

  /** An agent with a role of its own, whose runtime has run; statements are its own. */
  async function agent(id: string, ...statements: string[]): Promise<string> {
    const schema = `${id}-12345678`;
    const inputs = {
      agentId: id,
      role: schema,
      schema,
      server: database.url,
      isOnlyAgent: false,
      keepDays: 30,
    };
    const { outs } = await provider.create(inputs);
    await database.run(outs.url, `SET search_path TO "${schema}"`, ...statements);
    return schema;
  }

  const read = async (schema: string, query: { month?: string; byJob?: boolean } = {}) =>
    (await readStoredUsage({ server: database.url }, [schema], { byJob: false, ...query })).get(schema);

  const model = (month: string, job: string, input: number, output: number) => ({
    month,
    job,
    model: "m",
    input_tokens: input,
    output_tokens: output,
  });
  const time = (job: string | null, milliseconds: number, cpu = 0, memory = 0) => ({
    month: "2026-11",
    job,
    cpu,
    memory,
    milliseconds,
  });

  it("is its sum by month, or each job's", async () => {
    const schema = await agent(
      "writer",
      ...runtimeTables(),
      "INSERT INTO model_usage VALUES ('2026-10-31', 'a', 'm', 1, 2), ('2026-11-01', 'a', 'm', 10, 20), ('2026-11-02', 'b', 'm', 100, 200)",
      "INSERT INTO running_time VALUES ('2026-11-01', '', 256, 512, 1000), ('2026-11-02', '', 256, 512, 500)," +
        " ('2026-11-02', '', 512, 1024, 7), ('2026-11-02', 'a', 0, 0, 3), ('2026-11-02', 'b', 0, 0, 4)",
    );
    expect(await read(schema)).toEqual({
      models: [model("2026-10", "", 1, 2), model("2026-11", "", 110, 220)],
      times: [time(null, 1500, 256, 512), time(null, 7, 512, 1024), time("", 7)],
    });
    expect(await read(schema, { month: "2026-11", byJob: true })).toEqual({
      models: [model("2026-11", "a", 10, 20), model("2026-11", "b", 100, 200)],
      times: [time(null, 1500, 256, 512), time(null, 7, 512, 1024), time("a", 3), time("b", 4)],
    });
  });

  it("is nothing of an agent that is not there, and an error of one whose runtime is older", async () => {
    expect(await read("nobody-12345678")).toBeUndefined();
    const schema = await agent("older", ...runtimeTables().slice(0, 7));
    expect(await read(schema)).toEqual(new Error("its runtime is of an older version, or was never started"));
  });

  it("is not read where the agent made a view of its table, whose functions would have the rights of who reads", async () => {
    const schema = await agent(
      "evil",
      ...runtimeTables(),
      `CREATE FUNCTION take() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
         IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN CREATE ROLE taken SUPERUSER; END IF; RETURN '2026-11-01';
       END $$`,
      "DROP TABLE model_usage",
      "CREATE VIEW model_usage AS SELECT take() AS day, 'a' AS job, 'm' AS model, 1::bigint AS input_tokens, 2::bigint AS output_tokens",
    );
    const found = await readStoredUsage(
      { server: database.url },
      [schema, await agent("next", ...runtimeTables())],
      {
        byJob: false,
      },
    );
    expect(found.get(schema)).toEqual(
      new Error(`its schema ${schema} has more than the runtime's tables, so nothing of it is read`),
    );
    expect(found.get("next-12345678"), "the next one is read all the same").toEqual({
      models: [],
      times: [],
    });
    expect(await database.run(database.url, "SELECT 1 FROM pg_roles WHERE rolname = 'taken'")).toEqual([]);
  });
});
