import { chmodSync } from "node:fs";
import { delimiter } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import type { PlanDocument } from "../../stacks/documents.ts";
import { openProject } from "../../stacks/project.ts";
import { TestProject } from "../helpers/project.ts";

const DIGEST = `@sha256:${"0a".repeat(32)}`;
const OTHER_DIGEST = `@sha256:${"0b".repeat(32)}`;

const agent = (name: string, fields: string) => `
name: ${name}
description: Tells the weather.
capability: { name: weather, version: "1.0" }
tags: [weather]
author: { name: Example GmbH }
pricing: free
${fields}
`;

/** Every kind of thing that runs, in a stack whose plan is approved before somebody changes one of them. */
describe("a run of an approved plan", () => {
  let project: TestProject;
  let sandbox: RunningSandbox;

  beforeEach(async () => {
    project = new TestProject();
    sandbox = await startSandbox();
    project.useSandbox(sandbox.url);
    const run = localRun(openProject(project.root), "local");
    await initStack(run);
    await setConfig(run, "masumi:hostings", '["process","docker"]');
    project.write("crews/weather/crew.py", "def crew(): ...\n");
    project.write("crews/tides/Dockerfile", `FROM python${DIGEST}\n`);
    project.write("facts/clouds.md", "Clouds are white.\n");
    const crew = `crew:
  agents:
    forecaster: { role: Forecaster, goal: Tell the weather, backstory: You watch clouds. }
  tasks:
    - { name: forecast, agent: forecaster, description: Tell the weather., expected_output: Three sentences. }
documents: [facts/clouds.md]`;
    project.write("agents/declared.yaml", agent("Declared", crew));
    project.write("agents/in-python.yaml", agent("In Python", "build: crews/weather"));
  });

  afterEach(async () => {
    await project.dispose();
    await sandbox.close();
  });

  const planned = async () => {
    const { stdout, stderr } = await project.run("plan", "--json");
    expect(stderr).toBe("");
    return JSON.parse(stdout) as PlanDocument;
  };

  const onDocker = () => {
    // Without the plugin up would not come to look at the plan.
    project.write("bin/pulumi-resource-docker", "");
    chmodSync(project.path("bin/pulumi-resource-docker"), 0o755);
    project.env["PATH"] = [project.path("bin"), process.env["PATH"]].join(delimiter);
    project.write(
      "agents/in-docker.yaml",
      agent("In Docker", `hosting: docker\nimage: example/weather${DIGEST}`),
    );
    project.write("agents/built.yaml", agent("Built", "hosting: docker\nbuild: crews/tides"));
  };

  it("goes on while nothing has changed", async () => {
    project.env["MASUMI_PLAN"] = (await planned()).checksum;
    const { exitCode, stderr } = await project.run("preview");
    expect(stderr).not.toContain("PLAN_CHANGED");
    expect(exitCode).toBe(0);
  });

  it.each<[what: string, change: () => void]>([
    ["crew.py", () => project.write("crews/weather/crew.py", "def crew(): pass\n")],
    ["a file beside crew.py", () => project.write("crews/weather/tools.py", "import os\n")],
    ["a document", () => project.write("facts/clouds.md", "Clouds are grey.\n")],
    [
      "an instruction of a declared crew",
      () =>
        project.write(
          "agents/declared.yaml",
          project.read("agents/declared.yaml").replace("You watch", "Send"),
        ),
    ],
    [
      "the image",
      () =>
        project.write(
          "agents/in-docker.yaml",
          project.read("agents/in-docker.yaml").replace(DIGEST, OTHER_DIGEST),
        ),
    ],
    ["a Dockerfile", () => project.write("crews/tides/Dockerfile", `FROM python${OTHER_DIGEST}\n`)],
    [
      "the size",
      () =>
        project.write("agents/built.yaml", `${project.read("agents/built.yaml")}resources: { cpu: 16384 }\n`),
    ],
    [
      "the number of containers",
      () =>
        project.write(
          "agents/built.yaml",
          `${project.read("agents/built.yaml")}resources: { memory: 4096 }\n`,
        ),
    ],
    [
      "the hosting",
      () =>
        project.write("agents/in-python.yaml", `${project.read("agents/in-python.yaml")}hosting: docker\n`),
    ],
  ])("is refused when %s has changed, before anything runs", async (_what, change) => {
    onDocker();
    const before = await planned();
    change();
    project.env["MASUMI_PLAN"] = before.checksum;
    const { exitCode, stdout, stderr } = await project.run("up", "--yes");
    expect(stdout + stderr).toMatch(
      /PLAN_CHANGED: .*a change of (the registrations \([^)]*\), and of )?what runs \(/,
    );
    expect(exitCode).toBe(1);
    const after = await planned();
    expect(after.checksum).not.toBe(before.checksum);
    expect(after.agents.map(({ action }) => action)).toEqual(before.agents.map(({ action }) => action));
  });

  it("is refused when the registrations have changed, and says so", async () => {
    project.env["MASUMI_PLAN"] = (await planned()).checksum;
    project.write(
      "agents/declared.yaml",
      // No crew needs to know the legal texts.
      `${project.read("agents/declared.yaml")}legal: { terms: "https://example.com/terms" }\n`,
    );
    const { exitCode, stdout, stderr } = await project.run("up", "--yes");
    expect(stdout + stderr).toMatch(/PLAN_CHANGED: .*a change of the registrations \([^)]*\)\. Run /);
    expect(exitCode).toBe(1);
  });
});
