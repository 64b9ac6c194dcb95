import { chmodSync } from "node:fs";
import { delimiter } from "node:path";
import { describe, expect, it } from "vitest";
import { type CostsFlags, costs } from "../../cli/commands/spending/costs.ts";
import type { CostsDocument } from "../../stacks/costs/costs.ts";
import { schemaOf } from "../../infra/crews/environment.ts";
import { postgresIsThere } from "../cloud/postgres.ts";
import { OWNER } from "../infra/fleet/stack.ts";
import { runtimeTables } from "../providers/database/runtime-tables.ts";
import { startDatabase } from "../providers/database/server.ts";
import { CliStack } from "./stack.ts";

const CREW = {
  agents: { one: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
};
const hosted = { url: undefined, crew: CREW };
const DOCKER = { hosting: "docker", docker: { url: "https://{id}.example.com" } };

/** What plays the Docker CLI: it prints what a runtime would, and its own words on stderr. */
const program = (script: string) => `#!/bin/sh\n${script}\n`;
const printing = (counts: unknown) => program(`echo "$@" >&2; echo '${JSON.stringify(counts)}'`);
const count = (model: string, input: number, output: number, job = "") => ({
  month: "2026-11",
  job,
  model,
  input_tokens: input,
  output_tokens: output,
});

const time = (seconds: number, job: string | null, cpu = 0, memory = 0) => ({
  month: "2026-11",
  job,
  cpu,
  memory,
  milliseconds: seconds * 1000,
});

async function run(
  stack: CliStack,
  docker: string,
  flags: Partial<CostsFlags> = {},
  env: Record<string, string> = {},
) {
  stack.project.write("bin/docker", docker);
  chmodSync(stack.project.path("bin/docker"), 0o755);
  const PATH = `${stack.project.path("bin")}${delimiter}${process.env["PATH"]}`;
  return stack.run((project) => costs(project, { stack: "preprod", ...flags }), { PATH, ...env });
}

it("shows what containers' runtimes counted, with the customer of each agent, and jobs where they are wanted", async () => {
  await using stack = await CliStack.start({
    ...DOCKER,
    modelPrices: { large: { input: 0.4, output: 1.6 }, small: { input: "0.1", output: 0 } },
    containerPrices: { vcpuHour: 0.04, gbHour: 0.004 },
  });
  stack.declare({ writer: { name: "Writer", user: "Ada", ...hosted }, elsewhere: {} });
  const models = [count("large", 1000, 100, "4ab92f3c01d7e856"), count("small", 5, 0)];
  const times = [time(7200, null, 512, 1024), time(90, "4ab92f3c01d7e856")];
  const counts = { "": { models, times } };
  const shown = await run(stack, printing(counts));
  expect([shown.exitCode, shown.stderr]).toEqual([0, ""]);
  expect(shown.stdout).toBe(
    [
      "month    agent   customer  of       used               USD       fees (ADA)",
      "───────  ──────  ────────  ───────  ─────────────────  ────────  ──────────",
      "2026-11  writer  Ada       large    1000 + 100 tokens  0.00056   0",
      "2026-11  writer  Ada       small    5 + 0 tokens       0.000001",
      "2026-11  writer  Ada       runtime  2:00:00 h          0.048",
      "total                      models   1005 + 100 tokens  0.000561  0",
      "total                      time     2:00:00 h          0.048",
      "",
    ].join("\n"),
  );
  const jobs = await run(stack, printing(counts), { jobs: true });
  expect(jobs.stdout).toMatch(/^2026-11 {2}writer {2}Ada {7}4ab92f3c01d7e856 {2}large/m);
  expect(jobs.stdout).toMatch(/^2026-11 {2}writer {2}Ada {7}4ab92f3c01d7e856 {2}job +0:01:30 h$/m);
  const customers = await run(stack, printing(counts), { customers: true });
  expect(customers.stdout).toMatch(/^month {4}customer {2}of /);
});

it("says what is missing while an agent's file is invalid, and which agents there are", async () => {
  await using stack = await CliStack.start(DOCKER);
  stack.declare({ writer: { name: "Writer", ...hosted } });
  stack.project.write("agents/broken.yaml", "name: Broken\nnonsense: {\n");
  const nothing = printing({ "": { models: [], times: [] } });
  const said =
    "What broken used is missing: agents/broken.yaml is not valid; masumi-agents validate says why\n";
  const shown = await run(stack, nothing);
  expect([shown.exitCode, shown.stderr]).toEqual([1, said]);
  const one = await run(stack, nothing, { agent: "broken" });
  expect([one.exitCode, one.stderr]).toEqual([1, said]);
  expect(await run(stack, nothing, { agent: "writer" })).toMatchObject({ exitCode: 0, stderr: "" });
  await expect(run(stack, nothing, { agent: "nosuch" })).rejects.toThrow(
    "Stack preprod has no agent nosuch. Its agents: writer, broken.",
  );
});

it("asks for no price of a process where none is set, and for that of a container", async () => {
  await using stack = await CliStack.start(DOCKER);
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const ofProcess = await run(stack, printing({ "": { models: [], times: [time(5, null)] } }));
  expect([ofProcess.exitCode, ofProcess.stderr]).toEqual([0, ""]);
  expect(ofProcess.stdout).toMatch(/^2026-11 {2}writer {2}runtime {2}0:00:05 h +0$/m);
  expect(ofProcess.stdout).not.toContain("?");
  const ofContainer = await run(stack, printing({ "": { models: [], times: [time(5, null, 512, 1024)] } }));
  expect(ofContainer.stderr).toContain("masumi:containerPrices has no price of the time of writer");
  expect(ofContainer.stdout).toMatch(/0:00:05 h +\?/);
});

it("asks each runtime for what is wanted alone", async () => {
  await using stack = await CliStack.start(DOCKER);
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const asked = program(`echo "$@" >&2; exit 1`);
  const { stderr } = await run(stack, asked, { month: "2026-11", jobs: true });
  expect(stderr).toContain(
    "exec --user 10001:10001 masumi-agents-preprod-writer python -I -m crew_runtime.agent_usage --month 2026-11 --by-job",
  );
  await expect(run(stack, asked, { month: "november" })).rejects.toThrow(/"november" is not a month/);
});

it("names the agents whose usage it could not read, says why, and ends with 1", async () => {
  await using stack = await CliStack.start(DOCKER);
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const shown = await run(stack, program("echo 'Error: No such container: \u001b[31mx' >&2; exit 1"));
  expect([shown.exitCode, shown.stdout]).toEqual([1, "No costs of stack preprod are known here.\n"]);
  expect(shown.stderr).toBe("What writer used is missing: Error: No such container: \\u001b[31mx\n");

  const document = await run(stack, printing({ "": { models: [{ month: "2026-11" }], times: [] } }), {
    json: true,
  });
  const { unread } = JSON.parse(document.stdout) as CostsDocument;
  expect(unread).toEqual([{ agent: "writer", reason: expect.stringContaining("another version") as string }]);

  stack.configure({
    hosting: "ecs-alb",
    aws: { domain: "example.com", zone: "example.com" },
  });
  const onEcs = await run(stack, program("exit 1"));
  expect([onEcs.exitCode, onEcs.stderr]).toEqual([
    1,
    expect.stringContaining("its tasks on ECS have no database"),
  ]);
});

describe.skipIf(!postgresIsThere)("of agents on ECS", () => {
  const ECS = { hosting: "ecs-alb", aws: { domain: "example.com", zone: "example.com" } };
  const URLS = { databaseUrl: { secure: "v1:only-pulumi:x" }, databaseUrls: { apart: { secure: "v1:x:x" } } };
  const paid = { ...hosted, pricing: { fixed: ["5 tUSDM"] } };

  it("reads what the stack's database has, and says of which agents it has none", async () => {
    const database = await startDatabase();
    await using stack = await CliStack.start({ ...ECS, ...URLS, containerPrices: { vcpuHour: 0.04 } });
    stack.declare({
      writer: { name: "Writer", ...paid },
      never: { name: "Never", ...paid },
      apart: { name: "Apart", ...paid },
    });
    const schema = schemaOf({ id: "writer" }, { owner: OWNER, network: "Preprod" });
    await database.run(
      database.url,
      `CREATE SCHEMA "${schema}"`,
      `SET search_path TO "${schema}"`,
      ...runtimeTables(),
      "INSERT INTO model_usage VALUES ('2026-11-01', 'a', 'large', 10, 20)",
      "INSERT INTO running_time VALUES ('2026-11-01', '', 512, 1024, 3600000)",
    );
    const without = await run(stack, program("exit 1"));
    expect([without.exitCode, without.stderr]).toEqual([
      1,
      expect.stringMatching(/^What writer used is missing: set MASUMI_DATABASE_URL/m),
    ]);
    const read = () => run(stack, program("exit 1"), { json: true }, { MASUMI_DATABASE_URL: database.url });
    const found = JSON.parse((await read()).stdout) as CostsDocument;
    expect(found.rows.map(({ agent, models, time: spent }) => [agent, models.length, spent])).toEqual([
      ["writer", 1, { containerSeconds: 3600, jobSeconds: 0, usd: "0.02" }],
    ]);
    expect(found.unread).toEqual([
      { agent: "apart", reason: "its database is one of masumi:databaseUrls, which are not read from here" },
    ]);
    await database.close();
    const { unread } = JSON.parse((await read()).stdout) as CostsDocument;
    expect(unread.map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(/^DATABASE_UNREACHABLE: The database 127\.0\.0\.1:\d+\/\w+ cannot be used/),
    );
  });
});

it("has nothing of a crew that was never started on this machine, and refuses prices that it cannot read", async () => {
  await using stack = await CliStack.start({ hosting: "process" });
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const shown = await run(stack, program("exit 1"));
  expect([shown.exitCode, shown.stdout, shown.stderr]).toEqual([
    0,
    "No costs of stack preprod are known here.\n",
    "",
  ]);
  stack.configure({ modelPrices: { large: { input: 1 } } });
  await expect(run(stack, program("exit 1"))).rejects.toThrow(/masumi:modelPrices/);
});
