import type { ChildProcess } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { cpSync, readdirSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestProject, crewEnvironment, repository } from "../helpers/project.ts";
import { startAtTerminal } from "../helpers/terminal.ts";

const head = (name: string) => `
name: ${name}
description: Writes.
capability: { name: writing, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
pricing: { fixed: [5 USDM] }
input:
  - { id: topic, type: string, name: Topic }
`;

const writer = (description = "Write about {topic}", more = "") => `${head("Writer")}crew:
  agents:
    author: { role: "Author of {topic}", goal: Write, backstory: You have written for years. }
  tasks:
    - { name: write, agent: author, description: "${description}", expected_output: A text${more} }
`;

const KITCHEN = `
from crewai import Agent, Crew, Task

def check(output):
    print("about to serve\\x1b[31m")
    raise ValueError(f"cannot serve {output.raw[:22]}")

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    task = Task(name="cooking", description="Cook {topic}", expected_output="Text", agent=cook, callback=check)
    return Crew(agents=[cook], tasks=[task])
`;

const PROJECT = `
from crewai import Agent, Crew, Task
from crewai.project import CrewBase, agent, crew, task

@CrewBase
class Table:
    agents_config = "config/agents.yaml"
    tasks_config = "config/tasks.yaml"

    @agent
    def maid(self) -> Agent:
        return Agent(config=self.agents_config["maid"])

    @task
    def serve(self) -> Task:
        return Task(config=self.tasks_config["serve"])

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=self.tasks)
`;

const tableCrew = (verb: string) => `
from importlib.metadata import version
from crewai import Agent, Crew, Task

def crew():
    maid = Agent(role="Maid", goal="Serve", backstory="You serve.")
    what = f"${verb} {version('tabulate')} for {{topic}}"
    return Crew(agents=[maid], tasks=[Task(description=what, expected_output="Text", agent=maid)])
`;

const preprod = (modelApi: string) => `
config:
  masumi:network: Preprod
  masumi:modelApi: ${modelApi}
  masumi:modelKey: { secure: v1:x }
`;

interface Asked {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly tools?: readonly unknown[];
}

/** A language model on loopback that notes what keys and models it is asked by. It may call a tool, and note what that says. */
async function startModel(call?: { readonly name: string; readonly arguments: string }) {
  const asked: string[] = [];
  const told: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { model, messages, tools } = JSON.parse(body) as Asked;
      asked.push(`${request.headers.authorization} ${model}`);
      const ofTools = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
      told.push(...ofTools);
      const calls = call && tools && ofTools.length === 0;
      const tool_calls = [{ id: "1", type: "function", function: call }];
      const choice = {
        index: 0,
        finish_reason: calls ? "tool_calls" : "stop",
        message: {
          role: "assistant",
          ...(calls ? { content: null, tool_calls } : { content: "Of a real model" }),
        },
      };
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          id: "1",
          object: "chat.completion",
          created: 1,
          model,
          choices: [choice],
          usage: { total_tokens: 7 },
        }),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    told,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () => server.close(),
  };
}

async function until(holds: () => boolean, of: () => string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`It did not come about:\n${of()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a program has written until now, or since it was forgotten. */
function shownBy({ stdout, stderr }: ChildProcess) {
  let shown = "";
  for (const stream of [stdout, stderr]) stream?.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const comes = (text: RegExp) =>
    until(
      () => text.test(shown),
      () => shown,
    );
  return {
    comes,
    /** A result comes on another stream than what is said about it, so either may be there first. */
    tried: (result: RegExp) => Promise.all([comes(result), comes(/Waiting for changes/)]),
    forget: () => (shown = ""),
    countOf: (text: RegExp) => [...shown.matchAll(text)].length,
  };
}

describe("try, before any run of the stack", { timeout: 180_000 }, () => {
  const project = new TestProject();
  beforeAll(async () => {
    await crewEnvironment();
    project.write("agents/writer.yaml", writer());
    project.write("agents/kitchen.yaml", `${head("Kitchen")}build: agents/kitchen\n`);
    project.write("agents/kitchen/crew.py", KITCHEN);
  }, 120_000);
  afterAll(() => project.dispose());

  it("does one job with the stub model, prints its result alone on stdout, and registers nothing", async () => {
    const { exitCode, stdout, stderr } = await project.run("try", "writer", "-i", "topic=tea");
    expect(stdout).toMatch(/^This is a stub answer: .*Write about tea.*\n$/);
    expect(stderr).toMatch(/^Trying writer with the stub model.*\nTask write \.\.\.\n/);
    expect(stderr.match(/^ +1 model call, \d+ tokens$/gm), "a line for each call").toHaveLength(1);
    expect(stderr).toMatch(/\nDone in [\d.]+ s: 1 model call, \d+ tokens\.\n$/);
    expect(exitCode).toBe(0);
    expect(readdirSync(project.path(".masumi")).toSorted()).toEqual(["try", "venv"]);
  });

  it("asks the stack's model with the key of the environment, and shows the key nowhere", async () => {
    const model = await startModel();
    project.write("Pulumi.preprod.yaml", preprod(model.url));
    project.env["MASUMI_MODEL_KEY"] = "sk-of-the-stack";
    try {
      const words = ["try", "writer", "-s", "preprod", "-i", "topic=tea", "--model", "small", "--json"];
      const { exitCode, stdout, stderr } = await project.run(...words);
      expect(JSON.parse(stdout)).toMatchObject({
        version: 1,
        agent: "writer",
        stack: "preprod",
        model: { api: model.url, isStub: false },
        outcome: "result",
        result: "Of a real model",
        failure: null,
        usage: { modelCalls: 1, tokens: 7 },
      });
      expect(exitCode).toBe(0);
      expect(model.asked).toEqual(["Bearer sk-of-the-stack small"]);
      expect(`${stdout}${stderr}`).not.toContain("sk-of");
    } finally {
      delete project.env["MASUMI_MODEL_KEY"];
      model.close();
    }
  });

  it("tells an author of a failure what it was, where in their code, and what the model answered", async () => {
    const { exitCode, stdout, stderr } = await project.run("try", "kitchen", "-i", "topic=tea");
    expect(stdout).toBe("");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/\nFailed with CREW_FAILED after [\d.]+ s: 1 model call, \d+ tokens\.\n/);
    expect(stderr).toContain("  exception   builtins.ValueError: cannot serve This is a stub answer:\n");
    expect(stderr).toContain("  at          agents/kitchen/crew.py:6 in check\n");
    expect(stderr, "what the code prints, without commands for the terminal").toContain(
      "\n  | about to serve\\u001b[31m\n",
    );
    expect(stderr).toContain("  task        cooking\n");
    expect(stderr).toMatch(/\n {2}answered {4}This is a stub answer/);
    expect(stderr).toMatch(/\nA customer would see the code, and this: The crew could not finish the job\./);
  });

  it("says what is wrong with the agent's file, with its input and with its id, and nothing of other files", async () => {
    project.write("agents/broken.yaml", "name: Broken\n");
    const own = await project.run("try", "broken");
    expect(own.exitCode).toBe(1);
    expect(own.stderr).toContain("agents/broken.yaml:1:1: ");
    const unfit = await project.run("try", "writer", "-i", "theme=tea");
    expect(unfit.exitCode).toBe(1);
    expect(unfit.stderr).toContain("- theme: is not a field of this agent\n- topic: is required\n");
    const misspelled = await project.run("try", "Wirter");
    expect(misspelled.stderr).toContain(
      "Stack local has no agent Wirter, did you mean writer? Its agents: kitchen, writer.",
    );
    const unknown = await project.run("try", "nobody");
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain(
      "Stack local has no agent nobody. Its agents: kitchen, writer. Some files have mistakes:",
    );
    project.remove("agents/broken.yaml");
  });

  it("refuses what validate refuses in the folder of the agent's code", async () => {
    const refused = /^agents\/table\/config\/tasks\.yaml:\d+:\d+: \{subject\} is not an input field/;
    const evals = "evals: [{ name: Serves, inputs: { topic: tea }, checks: { contains: [tea] } }]\n";
    project.write("agents/table.yaml", `${head("Table")}${evals}build: agents/table\n`);
    project.write("agents/table/crew.py", PROJECT);
    project.write(
      "agents/table/config/agents.yaml",
      "maid: { role: Maid, goal: Serve, backstory: You serve. }\n",
    );
    project.write(
      "agents/table/config/tasks.yaml",
      'serve: { description: "Serve {subject} with {topic}", expected_output: Text, agent: maid }\n',
    );
    expect((await project.run("validate")).stderr).toMatch(refused);
    for (const words of [
      ["try", "table", "-i", "topic=tea"],
      ["eval", "table"],
    ]) {
      const { exitCode, stdout, stderr } = await project.run(...words);
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 1,
        stdout: "",
        stderr: expect.stringMatching(refused) as string,
      });
    }
    // Another agent's.
    expect((await project.run("try", "writer", "-i", "topic=tea")).exitCode).toBe(0);
    project.remove("agents/table.yaml");
    rmSync(project.path("agents/table"), { recursive: true });
  });

  it("does the job again after a change, waits where the file is wrong, and ends at ^C", async () => {
    const { child, done } = project.start("try", "writer", "-i", "topic=tea", "--watch");
    const { comes, tried, forget } = shownBy(child);
    await tried(/Write about tea/);
    await comes(/Waiting for changes of agents\/writer\.yaml/);
    forget();
    project.write("agents/writer.yaml", writer("Write {nothing}"));
    await comes(/agents\/writer\.yaml:\d+:\d+: [\s\S]*Waiting/);
    forget();
    project.write("agents/writer.yaml", writer("Sing of {topic}"));
    await tried(/Sing of tea/);
    child.kill("SIGINT");
    expect((await done).exitCode).toBe(0);
  });

  it("locks and installs the packages of an agent's code, and again after they or the code change", async () => {
    project.write("agents/table.yaml", `${head("Table")}build: agents/table\n`);
    project.write("agents/table/requirements.txt", "tabulate==0.9.0\n");
    project.write("agents/table/crew.py", tableCrew("Lay"));
    const { child, done } = project.start("try", "table", "-i", "topic=tea", "--watch");
    const { comes, tried, countOf, forget } = shownBy(child);
    await comes(/pylock\.masumi\.toml was written \(1 package: \+ tabulate 0\.9\.0\)/);
    await tried(/Lay 0\.9\.0 for tea/);
    forget();
    project.write("agents/table/crew.py", tableCrew("Clear"));
    await tried(/Clear 0\.9\.0 for tea/);
    forget();
    project.write("agents/table/requirements.txt", "tabulate==0.8.10\n");
    await tried(/Clear 0\.8\.10 for tea/);
    expect(countOf(/Trying table/g), "a lock that the command wrote itself is no change").toBe(1);
    child.kill("SIGINT");
    expect((await done).exitCode).toBe(0);
    expect(readdirSync(project.path(".masumi/packages"))).toHaveLength(1);
  });

  it("runs the agent with code, a tool and a package of its own that comes with the repository", async () => {
    const step = { start: "2026-12-24", days: 2, country: "US" };
    const model = await startModel({ name: "working_days", arguments: JSON.stringify(step) });
    cpSync(join(repository, "agents/deadline-planner"), project.path("agents/deadline-planner"), {
      recursive: true,
    });
    cpSync(join(repository, "agents/deadline-planner.yaml"), project.path("agents/deadline-planner.yaml"));
    project.write("Pulumi.preprod.yaml", preprod(model.url));
    project.env["MASUMI_MODEL_KEY"] = "sk-of-the-stack";
    try {
      const entered = ["-i", "steps=Sign (2)", "-i", "start=2026-12-24", "-i", "country=US"];
      const words = ["try", "deadline-planner", "-s", "preprod", ...entered, "--json"];
      const { exitCode, stdout } = await project.run(...words);
      expect(JSON.parse(stdout)).toMatchObject({ outcome: "result", result: "Of a real model" });
      expect(exitCode).toBe(0);
      expect(model.told).toEqual([
        "First day Thursday 2026-12-24, last day Monday 2026-12-28, next step from Tuesday 2026-12-29. " +
          "Public holidays on the way: Christmas Day (2026-12-25).",
      ]);
    } finally {
      delete project.env["MASUMI_MODEL_KEY"];
      model.close();
    }
  });

  it("asks at a terminal for the input, and what the crew asks", async () => {
    project.write("agents/writer.yaml", writer("Write about {topic}", ", human_input: true"));
    const at = startAtTerminal(project, ["try", "writer"]);
    const comes = (text: string) =>
      until(
        () => at.screen().includes(text),
        () => at.screen(),
      );
    await comes("Topic (string): ");
    at.type("coffee\n");
    await comes("What has to change (leave empty to accept): ");
    expect(at.screen()).toContain("The crew shows a draft:");
    at.type("\n");
    expect(await at.exitCode).toBe(0);
    expect(at.screen()).toContain("Write about coffee");
  });

  it("^C where it asks for the input ends it with a sentence, and exit code 130", async () => {
    project.write("agents/writer.yaml", writer());
    const at = startAtTerminal(project, ["try", "writer"]);
    await until(
      () => at.screen().includes("Topic (string): "),
      () => at.screen(),
    );
    at.type("\u0003");
    expect(await at.exitCode).toBe(130);
    expect(at.screen()).toMatch(/Topic \(string\): \n+Nothing was started\.\n$/);
  });
});
