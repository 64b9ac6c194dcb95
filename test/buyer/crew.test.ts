import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STANDARD_DISCLOSURE } from "../../infra/declarations/index.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { TestProject, crewEnvironment, repository } from "../helpers/project.ts";

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

const asking = agent("asking", "V2", "{ fixed: [5 USDM] }").replace(
  "expected_output: A text",
  "expected_output: A text, human_input: true",
);

const reader = agent("reader", "V2", "free").replace(
  "{ id: topic, type: string, name: Topic }",
  "{ id: topic, type: file, name: Topic, data: { outputFormat: url } }",
);

interface Demo {
  readonly changes: Readonly<Record<string, number>>;
  readonly hire: unknown;
}

describe("the demo, and crews of its stack that are hired", () => {
  const project = new TestProject();
  let sandbox: RunningSandbox;
  let first: Demo;

  async function demo(): Promise<Demo> {
    const { exitCode, stdout, stderr } = await project.run("demo", "--json");
    if (exitCode !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Demo;
  }

  beforeAll(async () => {
    await crewEnvironment();
    // As fast as the demo's own.
    sandbox = await startSandbox({ chainSpeed: 30 });
    project.useSandbox(sandbox.url);
    const ours = readFileSync(join(repository, "agents/market-researcher.yaml"), "utf8");
    project.write("agents/market-researcher.yaml", ours);
    project.write("agents/writer.yaml", agent("writer", "V1", "{ fixed: [5 USDM, 2 ADA] }"));
    project.write("agents/asking.yaml", asking);
    project.write("agents/reader.yaml", reader);
    project.write("agents/gift.yaml", agent("gift", "V2", "free"));
    first = await demo();
  }, 300_000);
  afterAll(async () => {
    await project.dispose();
    await sandbox.close();
  }, 60_000);

  const INPUT = ["--input", "topic=Heat pumps", "--input", "pages=2"];

  it("the demo ends with a result whose hash is on the chain", () => {
    expect(first.hire).toMatchObject({
      outcome: "result",
      agent: { name: "Market Researcher" },
      price: "5 tUSDM",
      result: expect.stringMatching(/Heat pumps/) as string,
      purchase: { onChainState: "ResultSubmitted" },
    });
  });

  it("a crew on V1 with two prices is paid, and its result is the one on the chain", async () => {
    const limits = ["--max-price", "5USDM", "--max-price", "2ADA"];
    const { exitCode, stdout, stderr } = await project.run("hire", "writer", ...INPUT, ...limits, "--json");
    expect(stderr).toMatch(/Locking the funds[\s\S]*Funds locked[\s\S]*Result submitted/);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "result",
      price: "5 tUSDM + 2 ADA",
      purchase: { onChainState: "ResultSubmitted" },
    });
  });

  it("a crew that shows its draft gets what its customer says to it, and then the word that it may stay", async () => {
    const first = await project.run(
      "hire",
      "asking",
      ...INPUT,
      "--answer",
      "answer=Mention the winter",
      "--json",
    );
    expect(first.exitCode).toBe(3);
    const { id, outcome, question } = JSON.parse(first.stdout) as {
      id: string;
      outcome: string;
      question: object;
    };
    expect(outcome).toBe("question");
    expect(JSON.stringify(question)).toMatch(/"answer".*textarea/);
    const second = await project.run("hire", "--resume", id, "--answer", "answer=", "--json");
    expect(second.exitCode).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({
      outcome: "result",
      purchase: { onChainState: "ResultSubmitted" },
    });
    expect(second.stderr).not.toContain("another hash");
  });

  it("a job that fails because of the model: who runs the agent is told what the model said", async () => {
    const fault = {
      kind: "error-before-write",
      route: "POST /model/v1/chat/completions",
      status: 500,
      count: 50,
    };
    const set = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ faults: [fault] }),
    };
    expect((await fetch(`${sandbox.url}/sandbox/faults`, set)).status).toBe(200);
    let reference: string | undefined;
    try {
      const { exitCode, stderr } = await project.run("hire", "gift", ...INPUT);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("HIRE_JOB_FAILED");
      expect(stderr).toContain("This agent runs here, and logged MODEL_UNAVAILABLE:\n  exception   openai.");
      expect(stderr).toContain("  task        write\n  agent       author\n");
      expect(stderr).toContain(`  model API   HTTP 500 from ${sandbox.url}/model/v1/`);
      reference = /npx masumi-agents logs gift --job (\w{16})\n/.exec(stderr)?.[1];
    } finally {
      await fetch(`${sandbox.url}/sandbox/faults`, { method: "DELETE" });
    }
    const { stdout } = await project.run("logs", "gift");
    expect(stdout).toMatch(/warning job_failed .*task=write crew_agent=author .*model_status=500/);
    expect(stdout).not.toContain("exception");
    const whole = await project.run("logs", "gift", "--job", String(reference));
    expect(whole.stdout).toMatch(
      /^\S+ info {4}job_accepted [\s\S]* job_failed .*\n {2}exception {3}openai\./,
    );
  });

  it("the free one works for nothing, and discloses what it is", async () => {
    const { exitCode, stdout, stderr } = await project.run("hire", "gift", ...INPUT);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`The agent discloses: ${STANDARD_DISCLOSURE}`);
    expect(stdout).toMatch(/\S/);
  });

  it("a crew reads the file that its customer has on this machine", async () => {
    project.write("brief.md", "# The brief\n\nKettles of MARKER-brass.\n");
    const files = ["--input", `topic=@${project.path("brief.md")}`, "--input", "pages=2"];
    const { exitCode, stdout } = await project.run("hire", "reader", ...files);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\[brief\.md\][\s\S]*MARKER-brass/);
  });

  it("input that does not fit is refused before a job is begun", async () => {
    const { exitCode, stderr } = await project.run("hire", "writer", "--input", "pages=many");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/HIRE_INPUT_INVALID[\s\S]*topic: is required[\s\S]*pages: must be a number/);
  });

  it("keys are secrets of the stack, and the buyer's is nowhere", () => {
    const state = readdirSync(project.path(".masumi/state"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".json"))
      .map((file) => `.masumi/state/${file}`);
    const hires = readdirSync(project.path(".masumi/hires")).map((file) => `.masumi/hires/${file}`);
    expect([state.length > 0, hires.length]).toEqual([true, 6]);
    const kept = ["Pulumi.local.yaml", ...state, ...hires].map((file) => project.read(file)).join("\n");
    expect(kept).not.toMatch(/sandbox-(runtime|pay|buyer)-key/);
  });

  it("a second demo changes nothing and hires nobody", async () => {
    const { changes, hire } = await demo();
    const { same: _same, ...others } = changes;
    expect(Object.values(others).filter(Boolean)).toEqual([]);
    expect(hire).toBeNull();
  });
});
