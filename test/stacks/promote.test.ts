import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withStack } from "../../stacks/promote/edit.ts";
import { TestProject, repository } from "../helpers/project.ts";

describe("a declaration is changed as its author would", () => {
  it.each([
    [
      "a list on one line",
      "only: [local, preprod] # both\nname: A\n",
      "only: [local, preprod, mainnet] # both\nname: A\n",
    ],
    ["a list of lines", "only:\n  - preprod\nname: A\n", "only:\n  [preprod, mainnet]\nname: A\n"],
    ["no list: it lives everywhere", "name: A # as ever\n", "name: A # as ever\n"],
    ["the stack already", "only: [mainnet]\n", "only: [mainnet]\n"],
  ])("%s", (_what, text, expected) => {
    expect(withStack(text, { stack: "mainnet" })).toMatchObject({ text: expected });
  });

  it("a price of its own is written below, and never into what somebody wrote", () => {
    const line = "overrides: { mainnet: { pricing: { fixed: [8 USDM, 1 ADA] } } }";
    expect(withStack("name: A", { stack: "mainnet", prices: ["8 USDM", "1 ADA"] })).toEqual({
      text: `name: A\n${line}\n`,
      changes: [line],
    });
    const own = "overrides: { mainnet: { name: B } }\n";
    expect(withStack(own, { stack: "mainnet", prices: ["8 USDM"] })).toEqual({
      byHand: "write pricing: { fixed: [8 USDM] } below mainnet, which is below overrides",
    });
  });
});

describe("promote", () => {
  let project: TestProject;
  beforeAll(() => {
    project = new TestProject();
    for (const stack of ["preprod", "mainnet"])
      cpSync(join(repository, `Pulumi.${stack}.yaml`), project.path(`Pulumi.${stack}.yaml`));
    project.write(
      "agents/writer.yaml",
      `name: Writer
description: Writes.
capability: { name: writing, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
pricing: { fixed: [5 USDM] }
url: https://writer.example.com
only: [preprod]
`,
    );
  });
  afterAll(() => project.dispose());

  it("tells first what would be changed, what differs and what it costs", async () => {
    const before = project.read("agents/writer.yaml");
    const { exitCode, stdout } = await project.run("promote", "writer", "--price", "8 USDM", "--dry-run");
    expect(stdout).toContain(
      "only: [preprod, mainnet]\noverrides: { mainnet: { pricing: { fixed: [8 USDM] } } }\n",
    );
    expect(stdout).toContain("| network | Preprod | Mainnet |\n| price | 5 tUSDM | 8 USDM |");
    expect(stdout).toMatch(/a fee of about 0\.\d+ ADA, and locks 5 ADA until/);
    expect(exitCode).toBe(0);
    expect(project.read("agents/writer.yaml")).toBe(before);
  });

  it("changes nothing if something would be wrong there", async () => {
    const before = project.read("agents/writer.yaml");
    const { exitCode, stderr } = await project.run("promote", "writer", "--price", "8 DOGE");
    expect(stderr).toMatch(/^agents\/writer\.yaml:9:\d+: .*DOGE/m);
    expect(exitCode).toBe(1);
    expect(project.read("agents/writer.yaml")).toBe(before);
    expect((await project.run("promote", "writre")).stderr).toContain("did you mean writer?");
    expect((await project.run("promote", "writer", "--to", "staging")).stderr).toBe(
      "There is no stack staging to promote writer to: Pulumi.staging.yaml does not exist. " +
        "Make it (npx masumi-agents stack init staging; docs/operations.md says how it is set up), or name another with --to: mainnet.\n",
    );
    expect((await project.run("promote", "writer", "--from", "staging")).stderr).toBe(
      "There is no stack staging to promote writer from: Pulumi.staging.yaml does not exist. " +
        "Name the one that it lives in with --from: local, preprod.\n",
    );
  });

  it("changes the file, and finds nothing to do the second time", async () => {
    await project.run("promote", "writer");
    expect(project.read("agents/writer.yaml")).toContain("\nonly: [preprod, mainnet]\n");
    const { stdout } = await project.run("promote", "writer", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ agent: "writer", changes: [], lockedLovelace: "5000000" });
    expect((await project.run("validate", "-s", "mainnet")).stdout).toContain(
      "1 agent valid for stack mainnet",
    );
  });
});
