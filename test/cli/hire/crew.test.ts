import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { TestProject, changes, crewEnvironment } from "../../helpers/project.ts";

const agent = (id: string, payment: "V1" | "V2", pricing: string) => `
id: ${id}
name: Writer ${id}
description: Writes.
capability: { name: writing, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
payment: ${payment}
pricing: ${pricing}
input:
  - { id: topic, type: string, name: Topic }
  - { id: pages, type: number, name: Pages }
crew:
  agents:
    author: { role: Author, goal: Write, backstory: You have written for years. }
  tasks:
    - { name: write, agent: author, description: "Write {pages} pages about {topic}", expected_output: A text }
`;

describe("crews of the local stack, hired", () => {
  const project = new TestProject();
  let sandbox: RunningSandbox;

  beforeAll(async () => {
    await crewEnvironment();
    // As fast as the demo's chain.
    sandbox = await startSandbox({ chainSpeed: 30 });
    project.useSandbox(sandbox.url);
    project.write("agents/second.yaml", agent("second", "V2", "{ fixed: [5 USDM] }"));
    project.write("agents/first.yaml", agent("first", "V1", "{ fixed: [5 USDM, 2 ADA] }"));
    project.write("agents/gift.yaml", agent("gift", "V2", "free"));
    const { exitCode, stderr } = await project.run("up");
    if (exitCode !== 0) throw new Error(stderr);
  }, 300_000);
  afterAll(async () => {
    await project.dispose();
    await sandbox.close();
  }, 60_000);

  const INPUT = ["--input", "topic=Heat pumps", "--input", "pages=2"];

  it.each([
    ["second", "5 tUSDM"],
    ["first", "5 tUSDM + 2 ADA"],
  ])("%s is paid for, and its result is the one on the chain", async (id, price) => {
    const { exitCode, stdout, stderr } = await project.run("hire", id, ...INPUT, "--json");
    expect(stderr).toMatch(/Locking the funds[\s\S]*Funds locked[\s\S]*Result submitted/);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "result",
      price,
      result: expect.stringMatching(/\S/) as string,
      purchase: { onChainState: "ResultSubmitted" },
    });
  });

  it("the free one works for nothing", async () => {
    const { exitCode, stdout } = await project.run("hire", "gift", ...INPUT);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\S/);
  });

  it("input that does not fit is refused before a job is begun", async () => {
    const { exitCode, stderr } = await project.run("hire", "second", "--input", "pages=many");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/HIRE_INPUT_INVALID[\s\S]*topic: is required[\s\S]*pages: must be a number/);
  });

  it("another run of the stack plans nothing", async () => {
    expect(changes(await project.report("up"))).toEqual([]);
  });
});
