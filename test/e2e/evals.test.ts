import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import type { EvalRecord } from "../../infra/fleet/index.ts";
import type { PlanDocument } from "../../stacks/documents.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";

const agent = (task: string, price = "free") => `
name: Weather
description: Tells the weather.
capability: { name: weather, version: "1.0" }
tags: [weather]
author: { name: Example GmbH }
pricing: ${price}
crew:
  agents:
    forecaster: { role: Forecaster, goal: Tell the weather, backstory: You watch clouds. }
  tasks:
    - { name: forecast, agent: forecaster, description: ${task}, expected_output: Three sentences. }
evals:
  - { name: Says what it is asked, checks: { contains: [weather], maxSeconds: 60 } }
`;

const RECORD = ".masumi/evals/local/weather.json";

/** The life of an agent in a stack that registers nothing that did not pass. */
describe("a stack that demands evaluations", { timeout: 180_000 }, () => {
  const project = new TestProject();
  let sandbox: RunningSandbox;
  const git = (...words: string[]) => expect(spawnSync("git", words, { cwd: project.root }).status).toBe(0);

  beforeAll(async () => {
    await crewEnvironment();
    sandbox = await startSandbox();
    project.useSandbox(sandbox.url);
    const run = localRun(openProject(project.root), "local");
    await initStack(run);
    await setConfig(run, "masumi:requireEvals", "true");
    project.write("agents/weather.yaml", agent("Tell the weather."));
  }, 120_000);

  afterAll(async () => {
    await project.dispose();
    await sandbox.close();
  });

  const refusal = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await project.run(...words);
    expect(exitCode).toBe(1);
    return /EVALS_NOT_PASSED: .*/.exec(`${stdout}${stderr}`)?.[0];
  };
  const evals = async () => {
    const { agents } = JSON.parse((await project.run("plan", "--json")).stdout) as PlanDocument;
    return agents[0]?.evals;
  };

  it("says so before it begins, in plan, doctor and up, and registers nothing", async () => {
    const expected =
      "EVALS_NOT_PASSED: weather was not evaluated on this machine. Run npx masumi-agents eval weather --stack local.";
    for (const word of ["plan", "doctor", "up"]) expect(await refusal(word)).toContain(expected);
    expect(await evals()).toEqual({ state: "none", last: null });
    expect((await project.run("status", "--json")).stdout).not.toContain("agentIdentifier");
  });

  it("registers what passed, and a second run plans nothing", async () => {
    expect((await project.run("eval")).exitCode).toBe(0);
    expect(await evals()).toMatchObject({ state: "passed", last: { evals: [{ passed: true }] } });
    expect(changes(await project.report("up"))).toContain("create AgentRegistration weather");
    expect(changes(await project.report("up"))).toEqual([]);
  });

  it("refuses a crew that has changed since, and takes it once it passed, with nothing to do in a second run", async () => {
    project.write("agents/weather.yaml", agent("Tell the weather of tomorrow."));
    expect(await refusal("up")).toContain("weather has changed since it was evaluated");
    expect(await evals()).toMatchObject({ state: "outdated" });
    expect((await project.run("eval", "--changed")).exitCode).toBe(0);
    expect(changes(await project.report("up"))).not.toEqual([]);
    expect(changes(await project.report("up"))).toEqual([]);
  });

  it("does not ask again for another price, which no job depends on", async () => {
    project.write("agents/weather.yaml", agent("Tell the weather of tomorrow.", "{ fixed: [2 ADA] }"));
    expect(await evals()).toMatchObject({ state: "passed" });
  });

  it("refuses what failed, and says which evaluation in the comment", async () => {
    project.write("agents/weather.yaml", agent("Tell of the sea."));
    expect((await project.run("eval", "weather")).exitCode).toBe(1);
    expect(await refusal("up")).toContain('weather did not pass "Says what it is asked".');
    const { stdout } = await project.run("plan", "--markdown");
    expect(stdout).toContain("#### Evaluations");
    expect(stdout).toMatch(/weather.*failed.*0 of 1.*Says what it is asked&#58; does not contain/);
  });

  it("believes no outcome that is committed, nor one of another model", async () => {
    project.write("agents/weather.yaml", agent("Tell the weather."));
    expect((await project.run("eval")).exitCode).toBe(0);
    expect(await evals()).toMatchObject({ state: "passed" });
    const record = JSON.parse(project.read(RECORD)) as EvalRecord;
    const model = { api: "https://models.example.com/v1", name: "large" };
    project.write(RECORD, JSON.stringify({ ...record, model }));
    expect(await refusal("plan")).toContain("was evaluated with https://models.example.com/v1");
    project.write(RECORD, JSON.stringify(record));
    git("init", "--quiet");
    git("add", "--force", RECORD);
    expect(await refusal("plan")).toContain("has results in git, where whoever commits can write them");
    git("rm", "--quiet", "--cached", RECORD);
    expect(await evals()).toMatchObject({ state: "passed" });
    project.write(".git/config", "[core]\n\trepositoryformatversion = 99\n");
    expect(await refusal("plan")).toContain("git does not say whether somebody has committed them");
  });
});
