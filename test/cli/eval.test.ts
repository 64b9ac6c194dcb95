import { once } from "node:events";
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestProject, crewEnvironment } from "../helpers/project.ts";

const head = (name: string) => `
name: ${name}
description: Writes.
capability: { name: writing, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
pricing: free
input:
  - { id: topic, type: string, name: Topic }
`;

const writer = (evals: string, more = "") => `${head("Writer")}crew:
  agents:
    author: { role: Author, goal: Write, backstory: You have written for years. }
  tasks:
    - { name: write, agent: author, description: "Write about {topic}", expected_output: A text${more} }
${evals}`;

const PASSING = `evals:
  - name: Names the topic
    inputs: { topic: Heat pumps }
    checks: { contains: [HEAT PUMPS], judge: [Is it about heat?], maxTokens: 100000, maxSeconds: 60 }
`;

const MIXED = `${PASSING}  - name: Is <JSON> & more
    inputs: { topic: tea }
    checks: { contains: [coffee], jsonSchema: { type: object, required: [title] }, maxTokens: 1 }
`;

const preprod = (modelApi: string) => `
config:
  masumi:network: Preprod
  masumi:modelApi: ${modelApi}
`;

interface Asked {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** A language model on loopback: it writes \`{"title": …}\`, and judges as it is told to. It can be slow. */
async function startModel({ passes = true, answersAfterMs = 0 } = {}) {
  const judged: { question: string; work: string }[] = [];
  const keys = new Set<string | undefined>();
  let calls = 0;
  let underWay = 0;
  let most = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { model, messages } = JSON.parse(body) as Asked;
      keys.add(request.headers.authorization);
      calls += 1;
      underWay += 1;
      most = Math.max(most, underWay);
      const asked = messages.at(-1)?.content ?? "";
      const isJudge = asked.startsWith('{"question"');
      if (isJudge) judged.push(JSON.parse(asked) as { question: string; work: string });
      const content = isJudge
        ? `Verdict: {"reason": "It says so.", "passes": ${passes}}`
        : '{"title": "Heat pumps"}';
      const choice = { index: 0, finish_reason: "stop", message: { role: "assistant", content } };
      const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
      const answer = { id: "1", object: "chat.completion", created: 1, model, choices: [choice], usage };
      response.setHeader("content-type", "application/json");
      setTimeout(() => {
        underWay -= 1;
        response.end(JSON.stringify(answer));
      }, answersAfterMs);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    judged,
    keys,
    calls: () => calls,
    /** How many were asked side by side at most. */
    most: () => most,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The command lines of processes that work in a folder. */
const processesIn = (folder: string): string[] =>
  globSync("/proc/[0-9]*/cmdline").flatMap((file) => {
    try {
      const line = readFileSync(file, "utf8").replaceAll("\0", " ");
      return line.includes(folder) ? [line] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });

describe("eval, before any run of the stack", { timeout: 180_000 }, () => {
  const project = new TestProject();
  const record = (stack: string) => project.path(".masumi/evals", stack, "writer.json");
  beforeAll(async () => {
    await crewEnvironment();
  }, 120_000);
  afterAll(() => project.dispose());

  it("shows how each evaluation went, says what failed, and writes it as JSON and JUnit", async () => {
    project.write("agents/writer.yaml", writer(MIXED));
    const { exitCode, stdout, stderr } = await project.run("eval", "--junit", project.path("evals.xml"));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^agent +evaluation +outcome +checks +tokens +seconds *\n/);
    expect(stdout).toMatch(
      /\nwriter +Names the topic +passed +judge: not judged, as no language model was asked/,
    );
    expect(stdout).toMatch(/\nwriter +Is <JSON> & more +failed +contains: does not contain "coffee"/);
    expect(stdout).toMatch(/jsonSchema: The answer is not JSON/);
    expect(stdout).toMatch(/maxTokens: \d+ tokens of at most 1/);
    expect(stdout).toMatch(
      /\n1 of 2 evaluations passed, with the stub model, which only quotes what it is asked\.\n$/,
    );
    expect(stderr).toMatch(
      /Evaluating writer \.\.\.\n[^]* {2}writer, Names the topic: passed \([\d.]+ s, \d+ tokens\)\n/,
    );
    const xml = readFileSync(project.path("evals.xml"), "utf8");
    expect(xml).toContain('<testsuite name="writer" tests="2" failures="1" errors="0"');
    expect(xml).toMatch(/name="Is &lt;JSON> &amp; more"|name="Is &lt;JSON&gt; &amp; more"/);
    expect(xml).toMatch(/<failure message="contains: does not contain &quot;coffee&quot;&#10;jsonSchema: /);
    expect(JSON.parse(readFileSync(record("local"), "utf8"))).toMatchObject({
      version: 1,
      agent: "writer",
      model: { api: null },
      evals: [{ name: "Names the topic", passed: true }, { passed: false }],
    });
  });

  it("asks the stack's model to judge, with its key, and leaves out what passed and has not changed", async () => {
    await using model = await startModel();
    project.write("Pulumi.preprod.yaml", preprod(model.url));
    const schema = "jsonSchema: { type: object, required: [title] }";
    project.write(
      "agents/writer.yaml",
      writer(PASSING.replace("maxTokens: 100000", `maxTokens: 7, ${schema}`)),
    );
    project.env["MASUMI_MODEL_KEY"] = "sk-of-the-stack";
    const words = ["eval", "writer", "-s", "preprod", "--changed", "--json"];
    const first = await project.run(...words);
    expect(JSON.parse(first.stdout)).toMatchObject({
      version: 1,
      stack: "preprod",
      passed: true,
      agents: [{ id: "writer", passed: true, isEarlier: false, model: { api: model.url, isStub: false } }],
    });
    expect(model.judged).toEqual([{ question: "Is it about heat?", work: '{"title": "Heat pumps"}' }]);
    expect([...model.keys]).toEqual(["Bearer sk-of-the-stack"]);
    expect(`${first.stdout}${first.stderr}${readFileSync(record("preprod"), "utf8")}`).not.toContain("sk-of");
    const calls = model.calls();
    const again = await project.run(...words);
    expect(JSON.parse(again.stdout)).toMatchObject({ passed: true, agents: [{ isEarlier: true }] });
    expect(again.exitCode).toBe(0);
    expect(model.calls(), "the second run asks nobody").toBe(calls);
    project.write("agents/writer.yaml", writer(PASSING).replace("Write about", "Sing of"));
    const changed = await project.run(...words);
    expect(JSON.parse(changed.stdout)).toMatchObject({ agents: [{ isEarlier: false }] });
  });

  it.each([
    ["1", 1],
    ["2", 2],
  ])(
    "does jobs %s at a time, of one agent and of several, and shows them in their order",
    async (parallel, most) => {
      await using model = await startModel({ answersAfterMs: 2500 });
      project.write("Pulumi.preprod.yaml", preprod(model.url));
      const all = [0, 1].map(
        (number) => `  - name: Job ${number}\n    inputs: { topic: tea }\n    checks: { contains: [heat] }\n`,
      );
      project.write("agents/writer.yaml", writer(`evals:\n${all.join("")}`));
      project.write(
        "agents/author.yaml",
        writer(`evals:\n${all[0]}`).replace("name: Writer", "name: Author"),
      );
      const words = ["eval", "-s", "preprod", "--parallel", parallel, "--json"];
      const { stdout, exitCode } = await project.run(...words);
      rmSync(project.path("agents/author.yaml"));
      const { agents } = JSON.parse(stdout) as { agents: { id: string; evals: { name: string }[] }[] };
      expect(agents.map(({ id, evals }) => [id, ...evals.map(({ name }) => name)])).toEqual([
        ["author", "Job 0"],
        ["writer", "Job 0", "Job 1"],
      ]);
      expect([exitCode, model.most()]).toEqual([0, most]);
    },
  );

  it.each(["0", "65", "many", "-1"])("does not do %s jobs at a time", async (parallel) => {
    const { exitCode, stderr } = await project.run("eval", `--parallel=${parallel}`);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining(`--parallel takes a number from 1 to 64, and not "${parallel}"`),
    ]);
  });

  it("fails where the judge says no, and keeps nothing of another model than the stack's", async () => {
    await using model = await startModel({ passes: false });
    project.write("Pulumi.preprod.yaml", preprod(model.url));
    project.write("agents/writer.yaml", writer(PASSING));
    rmSync(record("preprod"), { force: true });
    const other = await project.run("eval", "-s", "preprod", "--model", "other");
    expect(other.exitCode).toBe(1);
    expect(other.stdout).toContain("judge: no: Is it about heat? It says so.");
    expect(existsSync(record("preprod"))).toBe(false);
    const own = await project.run("eval", "-s", "preprod");
    expect(own.exitCode).toBe(1);
    expect(JSON.parse(readFileSync(record("preprod"), "utf8"))).toMatchObject({ evals: [{ passed: false }] });
  });

  it("accepts drafts, and ends an evaluation whose input does not fit", async () => {
    const evals = `${PASSING}  - { name: Wrong, inputs: { topic: 3 }, checks: { maxSeconds: 60 } }\n`;
    project.write("agents/writer.yaml", writer(evals, ", human_input: true"));
    const { stdout, exitCode } = await project.run("eval", "writer", "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      agents: [
        {
          evals: [
            { name: "Names the topic", passed: true },
            {
              name: "Wrong",
              passed: false,
              checks: [{ check: "job", passed: false, said: expect.stringContaining("topic") as string }],
            },
          ],
        },
      ],
    });
  });

  it("says what is wrong with an agent that cannot be evaluated", async () => {
    project.write("agents/writer.yaml", writer(""));
    expect((await project.run("eval", "writer")).stderr).toContain("agents/writer.yaml has no evals");
    const report = project.path("evals-none.xml");
    const none = await project.run("eval", "--junit", report);
    expect(existsSync(report)).toBe(false);
    expect(none).toMatchObject({ exitCode: 0, stdout: "" });
    expect(none.stderr).toContain("No agent of stack local has evaluations.");
    project.write("agents/writer.yaml", writer(PASSING.replace("topic: Heat pumps", "theme: Heat pumps")));
    const wrong = await project.run("eval");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toMatch(/agents\/writer\.yaml:\d+:\d+: "theme" is not a field in input/);
    expect(wrong.stderr).toMatch(/agents\/writer\.yaml:\d+:\d+: inputs lacks topic/);
  });

  it("^C ends the job under way, and nothing is recorded", async () => {
    await using model = await startModel({ answersAfterMs: 60_000 });
    project.write("Pulumi.preprod.yaml", preprod(model.url));
    project.write("agents/writer.yaml", writer(PASSING));
    rmSync(record("preprod"), { force: true });
    const { child, done } = project.start("eval", "-s", "preprod");
    while (model.calls() === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT");
    const { exitCode, stderr } = await done;
    expect(exitCode).toBe(130);
    expect(stderr).toContain("Nothing is recorded of writer.");
    expect(existsSync(record("preprod"))).toBe(false);
    expect(processesIn(project.root), "of the runtime and its crews").toEqual([]);
  });
});
