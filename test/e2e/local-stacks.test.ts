/** The life of two local stacks of one project, side by side: two folders, two owners, one sandbox. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Project,
  openProject,
  prepareLocalStack,
  readAgentOutputs,
  startSandboxProcess,
  stopSandbox,
} from "../../stacks/index.ts";
import { readConfig } from "../../stacks/project.ts";
import { agent } from "../cloud/agents.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";

const STACKS = ["local-one", "local-two"] as const;
type Stack = (typeof STACKS)[number];
const folderOf = (stack: Stack) => stack.replace("local-", "agents/");

describe("two local stacks of one project", { timeout: 240_000 }, () => {
  let folder: TestProject;
  let project: Project;

  beforeAll(async () => {
    await crewEnvironment();
    folder = new TestProject();
    // Crews are processes here, which no pipeline may run.
    folder.env["CI"] = "false";
    project = openProject(folder.root);
    await startSandboxProcess(project, { chainSpeed: "instant" });
    for (const stack of STACKS) {
      await prepareLocalStack(project, { stack, settings: { "masumi:agents": folderOf(stack) } });
      folder.write(`${folderOf(stack)}/writer.yaml`, agent(`Writer of ${stack}`));
    }
  }, 300_000);

  afterAll(async () => {
    await stopSandbox(project);
    await folder.dispose();
  }, 120_000);

  const up = async (stack: Stack) => changes(await folder.report("up", "--stack", stack));
  const agentsOf = (stack: Stack) => readAgentOutputs(project, stack, { env: {} });
  const said = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await folder.run(...words);
    return { exitCode, text: stdout + stderr };
  };

  it("are made once, and set anew only where they differ", async () => {
    const before = STACKS.map((stack) => folder.read(`Pulumi.${stack}.yaml`));
    const [one, two] = STACKS.map((stack) => readConfig(project, stack));
    expect(one?.["masumi:owner"]).not.toBe(two?.["masumi:owner"]);
    await prepareLocalStack(project, {
      stack: "local-two",
      settings: { "masumi:agents": "agents/two", "masumi:modelKey": { secret: "sandbox-model-key" } },
    });
    expect(folder.read("Pulumi.local-two.yaml")).toBe(before[1]);
    await expect(prepareLocalStack(project, { stack: "preprod" })).rejects.toThrow(
      /not a stack of this machine/,
    );
    expect(await said("up", "--stack", "local-three")).toMatchObject({
      exitCode: 1,
      text: expect.stringMatching(/There is no stack "local-three".*stack init local-three/s) as string,
    });
  });

  it("register agents of the same id at the same time, each its own", async () => {
    const made = await Promise.all(STACKS.map(up));
    for (const steps of made) {
      expect(steps).toEqual(
        expect.arrayContaining(["create CrewProcess writer", "create AgentRegistration writer"]),
      );
    }
    const [[one], [two]] = [await agentsOf("local-one"), await agentsOf("local-two")];
    expect([one?.name, two?.name]).toEqual(["Writer of local-one", "Writer of local-two"]);
    expect(one?.url).not.toBe(two?.url);
    expect(one?.agentIdentifier).not.toBe(two?.agentIdentifier);
    expect(await Promise.all(STACKS.map(up)), "second runs plan nothing").toEqual([[], []]);
  });

  it.each([
    ["plan", 0, /nothing|1 agent/i],
    ["status", 0, /writer/],
    ["drift", 0, /./],
    ["preview", 0, /./],
    ["validate", 0, /1 agent valid for stack local-two: writer/],
  ])("are seen apart by %s", async (word, exitCode, expected) => {
    const seen = await said(word, "--stack", "local-two");
    expect(seen).toEqual({ exitCode, text: expect.stringMatching(expected) as string });
    expect(seen.text).not.toMatch(/local-one|NOT OURS/);
  });

  it("are validated together where none is named", async () => {
    expect(await said("validate")).toMatchObject({ exitCode: 0 });
    folder.write("agents/two/broken.yaml", agent("Broken").replace("free", "5 MOONS"));
    const { exitCode, text } = await said("validate");
    folder.remove("agents/two/broken.yaml");
    expect({ exitCode, text }).toEqual({
      exitCode: 1,
      text: expect.stringMatching(/^agents\/two\/broken\.yaml:8:\d+: /) as string,
    });
  });

  it("have healthy parts in doctor's eyes", async () => {
    const { text } = await said("doctor", "--stack", "local-two");
    expect(text).toMatch(/writer: \d+ is held by its crew/);
    expect(text).not.toMatch(/✗|\bfail\b/);
  });

  it("have agents that can be hired, and settings that can be read", async () => {
    expect(
      await said("hire", "writer", "--stack", "local-two", "--input", "changes=faster start"),
    ).toMatchObject({ exitCode: 0 });
    expect(await said("config", "get", "masumi:agents", "--stack", "local-two")).toEqual({
      exitCode: 0,
      text: "agents/two\n",
    });
    expect((await said("stack", "ls")).text).toMatch(
      /local-one +Preprod +this machine.*\n.*local-two +Preprod +this machine/,
    );
  });

  it("end apart from each other", async () => {
    const [kept] = await agentsOf("local-one");
    await folder.report("destroy", "--stack", "local-two", "--yes");
    expect(await agentsOf("local-two")).toEqual([]);
    expect(existsSync(folder.path(".masumi/stacks/local-two/crews/writer/process.json"))).toBe(false);
    expect(existsSync(folder.path(".masumi/stacks/local-one/crews/writer/process.json"))).toBe(true);
    expect(await agentsOf("local-one")).toEqual([kept]);
    expect(await up("local-one")).toEqual([]);
    await folder.report("destroy", "--stack", "local-one", "--yes");
    expect(await agentsOf("local-one")).toEqual([]);
  });
});
