/** The life of agents that are recorded in a database, on a real PostgreSQL. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setConfig } from "../../local/engine/index.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import { type Project, openProject, prepareLocalStack } from "../../stacks/index.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import { postgresIsThere } from "../cloud/postgres.ts";
import { outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, changes, repository } from "../helpers/project.ts";
import { ADMIN, type Database, startDatabase } from "../providers/database/server.ts";

const TABLE = ["0001_agents.sql", "0002_agents_declared.sql"]
  .map((file) => readFileSync(join(repository, "portal/sql", file), "utf8"))
  .join("\n");

describe.skipIf(!postgresIsThere)("agents that are recorded", { timeout: 240_000 }, () => {
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  let outside: Awaited<ReturnType<typeof startOutsideAgents>>;
  let database: Database;
  let folder: TestProject;
  let project: Project;

  beforeAll(async () => {
    [sandbox, outside, database] = await Promise.all([
      startSandbox({ chainSpeed: "instant" }),
      startOutsideAgents(),
      startDatabase(),
    ]);
    folder = new TestProject();
    folder.useSandbox(sandbox.url);
    project = openProject(folder.root);
    await prepareLocalStack(project, { settings: { "masumi:records": { secret: database.url } } });
    folder.write("agents/writer.yaml", `${outsideAgent("Writer", outside.url)}user: user-1\n`);
  }, 120_000);

  afterAll(async () => {
    await folder.dispose();
    await Promise.all([sandbox.close(), outside.close(), database.close()]);
  }, 120_000);

  const rows = () => database.run(database.url, "SELECT * FROM agents ORDER BY id, network");
  const ownRow = async () => (await rows()).find(({ id }) => id === "writer");
  const change = (sql: string) => database.run(database.url, sql);
  const limit = (ada: string) => setConfig(localRun(project, "local"), "masumi:maxAda", ada);

  /** Every run is followed by a second one, which must plan nothing. */
  async function up(...words: string[]) {
    const report = await folder.report("up", ...words);
    expect(changes(await folder.report("up")), "a second up plans nothing").toEqual([]);
    return { steps: changes(report), agent: report.outputs.agents?.agents["writer"] };
  }

  it("are not registered while there is no table, which the run and doctor say", async () => {
    const { exitCode, stdout, stderr } = await folder.run("up");
    expect(exitCode).toBe(1);
    const [, file = ""] =
      /RECORDS_TABLE_MISSING.*\n?.*psql .* -f (\S+0001_agents\.sql)/.exec(stdout + stderr) ?? [];
    expect(existsSync(resolve(folder.root, file)), `${file} is there`).toBe(true);
    expect((await folder.run("doctor")).stdout).toMatch(/RECORDS_TABLE_MISSING/);
    expect(stdout + stderr).not.toContain(ADMIN.password);
    await database.run(database.url, TABLE);
    await database.run(database.url, TABLE);
    expect((await folder.run("doctor")).stdout).toMatch(/agents are recorded in 127\.0\.0\.1:\d+\/postgres/);
  });

  it("have a row once the chain has confirmed them, and the user in the outputs", async () => {
    const { steps, agent } = await up();
    expect(steps).toEqual(
      expect.arrayContaining(["create AgentRecord writer", "create RegistrationRecord writer"]),
    );
    expect(await rows()).toMatchObject([
      {
        id: "writer",
        network: "Preprod",
        user_id: "user-1",
        name: "Writer",
        api_url: agent?.url,
        state: "registered",
        masumi_id: agent?.agentIdentifier,
        tx_hash: agent?.txHash,
        registration_id: agent?.registrationId,
        declared: createHash("sha256").update(folder.read("agents/writer.yaml")).digest("hex"),
        stack: "local",
      },
    ]);
    expect(agent).toMatchObject({ user: "user-1" });
    expect(folder.read(".masumi/state/.pulumi/stacks/masumi-agents/local.json")).not.toContain(
      ADMIN.password,
    );
  });

  it("keep their row when they get another identifier or another user", async () => {
    const before = await ownRow();
    folder.write("agents/writer.yaml", `${outsideAgent("Better writer", outside.url)}user: user-2\n`);
    const { agent } = await up();
    expect(await ownRow()).toMatchObject({
      name: "Better writer",
      user_id: "user-2",
      state: "registered",
      masumi_id: agent?.agentIdentifier,
    });
    expect((await ownRow())?.["masumi_id"]).not.toBe(before?.["masumi_id"]);
    folder.write("agents/writer.yaml", `${outsideAgent("Better writer", outside.url)}user: user-3\n`);
    expect((await up()).steps, "nothing happens on the chain").toEqual([
      "update AgentRecord writer",
      "update RegistrationRecord writer",
    ]);
  });

  it.each([
    ["changed", "UPDATE agents SET name = 'x', masumi_id = 'y', state = 'registered'"],
    ["said to be gone", "UPDATE agents SET state = 'deregistered'"],
    ["lost", "DELETE FROM agents"],
  ])("get their row again when it was %s", async (_what, sql) => {
    const { created_at: _created, updated_at: _updated, ...before } = (await ownRow()) ?? {};
    await change(sql);
    const { steps } = await up("--refresh");
    expect(steps.every((step) => /(AgentRecord|RegistrationRecord) writer$/.test(step))).toBe(true);
    expect(await ownRow()).toMatchObject(before);
  });

  it("are refused where another owner has one of that id, before anything is spent", async () => {
    await change(
      "INSERT INTO agents (id, network, name, api_url, state, owner, stack) VALUES ('editor', 'Preprod', 'E', 'https://e', 'registered', 'another', 's')",
    );
    folder.write("agents/editor.yaml", outsideAgent("Editor", outside.url.replace(/writer.*/, "editor")));
    const { exitCode, stdout, stderr } = await folder.run("up");
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(/RECORD_TAKEN: The records already have an agent editor on Preprod/);
    folder.remove("agents/editor.yaml");
    await limit("0");
    await folder.report("up");
  });

  it("keep a row that says that they are gone, and begin anew in it", async () => {
    folder.remove("agents/writer.yaml");
    // It is the last agent, so that the provider is configured from the state, where this limit is still the other.
    await limit("12");
    expect((await up()).steps).toEqual(
      expect.arrayContaining(["delete AgentRecord writer", "delete RegistrationRecord writer"]),
    );
    expect(await ownRow()).toMatchObject({ state: "deregistered", user_id: "user-3" });
    folder.write("agents/writer.yaml", outsideAgent("Writer", outside.url));
    const { agent } = await up();
    expect(await ownRow()).toMatchObject({
      state: "registered",
      user_id: null,
      masumi_id: agent?.agentIdentifier,
    });
    await folder.report("destroy", "--yes");
    expect(await ownRow()).toMatchObject({ state: "deregistered" });
  });
});
