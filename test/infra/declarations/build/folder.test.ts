import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeFiles } from "../../../../infra/crews/agent-files.ts";
import { formatComplaint, loadAgents } from "../../../../infra/declarations/index.ts";

const AGENT = `name: Writer
description: Writes a report.
capability: { name: report, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
pricing: free
build: team
input: [{ id: topic, type: string, name: Topic }]
`;
const CREW = "@CrewBase\nclass Team:\n    def crew(self):\n        return make('{topic}')\n";
const FLOW = "class Team(Flow):\n    pass\n";

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "build-"))));
afterEach(() => rmSync(root, { recursive: true }));

const load = (files: Readonly<Record<string, string>>, agent = AGENT) => {
  for (const [path, text] of Object.entries({ "agents/writer.yaml": agent, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { agents, complaints } = loadAgents({
    folder: "agents",
    projectRoot: root,
    stack: "local",
    network: "Preprod",
    hosting: "docker",
  });
  return { source: agents[0]?.source, complaints: complaints.map(formatComplaint) };
};

const project = (name: string, more = "") => `[project]\nname = "${name}"\n${more}`;
const entry = (kind: string, module: string, base: string) => ({ kind, module, paths: [base] });
const crewOf = (module: string, base = "src") => entry("crew", module, base);
const flowOf = (module: string, base = "src") => entry("flow", module, base);
const typed = (type: string) => `[tool.crewai]\ntype = "${type}"\n`;

describe("the kind of a folder to build", () => {
  it.each<[what: string, files: Readonly<Record<string, string>>, expected: unknown]>([
    ["a lone crew.py", { "crew.py": CREW }, crewOf("crew", ".")],
    [
      "a lone crew.py with its packages",
      { "crew.py": CREW, "pyproject.toml": project("x") },
      crewOf("crew", "."),
    ],
    ["a Dockerfile", { Dockerfile: "FROM scratch\n", "crew.py": "" }, undefined],
    ["a project", { "pyproject.toml": project("x", typed("crew")), "src/x/crew.py": CREW }, crewOf("x.crew")],
    ["a project without src", { "pyproject.toml": project("x"), "x/crew.py": CREW }, crewOf("x.crew", ".")],
    ["a project without pyproject.toml", { "src/x/crew.py": CREW }, crewOf("x.crew")],
    [
      "a project that does not say its type",
      { "pyproject.toml": "", "src/x/main.py": FLOW },
      flowOf("x.main"),
    ],
    [
      "a crew with its main.py",
      { "pyproject.toml": project("x"), "src/x/crew.py": CREW, "src/x/main.py": "from x.crew import Team\n" },
      crewOf("x.crew"),
    ],
    [
      "a flow with a crew.py",
      { "pyproject.toml": project("x", typed("flow")), "src/x/main.py": FLOW, "src/x/crew.py": "" },
      flowOf("x.main"),
    ],
    [
      "the package that is called like the project",
      { "pyproject.toml": project("my-team"), "src/my_team/crew.py": CREW, "src/shared/crew.py": "" },
      crewOf("my_team.crew"),
    ],
    [
      "a crew in JSON",
      { "crew.jsonc": '{ "agents": ["a"], "tasks": [] }', "agents/a.json": '{ "role": "{topic}" }' },
      crewOf("crew_runtime.crewai.json_crew", "."),
    ],
  ])("%s", (_, files, expected) => {
    const { source, complaints } = load(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`team/${path}`, text])),
    );
    expect(complaints).toEqual([]);
    expect(source).toEqual({
      kind: expected ? "code" : "build",
      folder: "team",
      ...(expected ? { entry: expected } : {}),
    });
  });
});

describe("a Dockerfile that starts one run of CrewAI", () => {
  const PROJECT = { "team/pyproject.toml": project("x", typed("crew")), "team/src/x/crew.py": CREW };
  it.each<[starts: string, place: string, of: Readonly<Record<string, string>>, remedy: string]>([
    ['CMD ["crewai", "run"]', "2:7", PROJECT, "remove the Dockerfile: the crew runtime serves"],
    ["CMD crewai flow kickoff", "2:5", PROJECT, "remove the Dockerfile"],
    ["ENTRYPOINT uv run \\\n  crewai run", "3:3", {}, "start a server that speaks MIP-003 there"],
  ])("as in %j is complained of at its place", (starts, place, files, remedy) => {
    const { complaints } = load({ ...files, "team/Dockerfile": `FROM python:3.12\n${starts}\n` });
    expect(complaints).toEqual([expect.stringMatching(`^team/Dockerfile:${place}: this starts one run`)]);
    expect(complaints[0]).toContain(remedy);
  });

  it.each(["RUN crewai run\nCMD python serve.py", "CMD crewai run\nCMD python serve.py", "# CMD crewai run"])(
    "is none where something else is started at last: %j",
    (starts) => {
      expect(load({ "team/Dockerfile": `FROM python:3.12\n${starts}\n` }).complaints).toEqual([]);
    },
  );
});

describe("placeholders that need no field", () => {
  it.each<[what: string, files: Readonly<Record<string, string>>]>([
    [
      "the year, which the texts of CrewAI's template name",
      {
        "crew.py":
          '@CrewBase\nclass Team:\n    def writer(self):\n        return Agent(config=self.agents_config["writer"])\n    def crew(self): ...\n',
        "config/agents.yaml":
          "writer:\n  role: Writer on {topic} in {current_year}\n  goal: x\n  backstory: x\n",
      },
    ],
    [
      "inputs that crew.jsonc has a value for",
      {
        "crew.jsonc": '{ "agents": ["a"], "tasks": [], "inputs": { "tone": "kind" } }',
        "agents/a.json": '{ "role": "Writes {tone} texts on {topic} since {current_year}" }',
      },
    ],
  ])("%s", (_, files) => {
    const named = Object.entries(files).map(([path, text]) => [`team/${path}`, text]);
    expect(load(Object.fromEntries(named)).complaints).toEqual([]);
  });
});

it("a field that is missing is complained of once, however many texts of a project name it", () => {
  const text = "Writer on {tone}";
  const { complaints } = load({
    "team/crew.py":
      '@CrewBase\nclass Team:\n    def writer(self):\n        return Agent(config=self.agents_config["writer"])\n    def crew(self): ...\n',
    "team/config/agents.yaml": `writer:\n  role: ${text} and {topic}\n  goal: ${text}\n  backstory: ${text}\n`,
    "team/config/tasks.yaml": `t:\n  description: ${text}\n  expected_output: ${text}\n`,
  });
  expect(complaints).toEqual([expect.stringContaining("{tone} is not an input field of agents/writer.yaml")]);
});

describe("what only a run can tell is no complaint", () => {
  const AGENTS = "writer:\n  role: Writer on {topic} in {year}\n  goal: x\n  backstory: x\n";
  const crew = (more: string) =>
    `@CrewBase\nclass Team:\n    def writer(self):\n        return Agent(config=self.agents_config["writer"])\n    def crew(self): ...\n${more}`;
  it.each<[what: string, module: string]>([
    [
      "inputs that code adds",
      crew("    @before_kickoff\n    def add(self, inputs):\n        return {**inputs, 'year': 2026}\n"),
    ],
    [
      "texts that no agent uses",
      "@CrewBase\nclass Team:\n    def crew(self):\n        return make('{topic}')\n",
    ],
    ["a crew that is imported from the folder", "from .teams import Team\n"],
    [
      "a crew that is made on a condition",
      "try:\n    from fast import crew\nexcept ImportError:\n    def crew(): ...\n",
    ],
    [
      "a keyboard in a function that may never be called",
      "def crew(): ...\n\n\ndef run():\n    return input('x')\n",
    ],
    ["a method that is called input", "def crew(): ...\n\n\nform.input('x')\n"],
    [
      "files that the class names by itself",
      "@CrewBase\nclass Team:\n    agents_config = find()\n    def crew(self):\n        return self.agents_config['x']\n",
    ],
  ])("%s", (_, module) => {
    expect(load({ "team/crew.py": module, "team/config/agents.yaml": AGENTS }).complaints).toEqual([]);
  });
});

describe("a folder beside the declarations", () => {
  const files = { "agents/team/crew.py": CREW, "agents/team/config/agents.yaml": "{}\n" };
  const builds = AGENT.replace("build: team", "build: ./agents/team/");

  it("may hold YAML files if a declaration builds it", () => {
    expect(load(files, builds).complaints).toEqual([]);
  });

  it.each<[what: string, more: Readonly<Record<string, string>>, agent: string]>([
    ["beside what is built", { "agents/team/b.yaml": AGENT }, builds.replace("team/", "team/inner")],
    [
      "below a folder that is built as a whole",
      { "agents/crew.py": CREW },
      AGENT.replace("build: team", "build: agents"),
    ],
  ])("hides no declaration: %s", (_, more, agent) => {
    expect(load({ ...files, "agents/team/inner/crew.py": CREW, ...more }, agent).complaints).toContain(
      "agents/team:1:1: is a folder, and subfolders are not read, move its YAML files to agents/, name the folder in a build: or in a stack's masumi:agents, or remove it",
    );
  });
});

it("says of code beside the declarations that no agent builds what becomes of it when its agent is removed", () => {
  const files = {
    "team/crew.py": CREW,
    "agents/team/crew.py": CREW,
    "agents/team/config/agents.yaml": "{}\n",
  };
  expect(load(files, AGENT).complaints).toEqual([
    "agents/team:1:1: is a crew's code that no agent builds, remove it, too, if its agent was removed, or name it in a build:",
  ]);
});

it("leaves out virtual environments, caches and keys, which are no code", () => {
  const left = [
    ".env",
    ".env.local",
    "x/.env",
    "env/pyvenv.cfg",
    "env/lib/a.py",
    ".ruff_cache/a",
    "x/__pycache__/a.pyc",
    "x.egg-info/PKG-INFO",
  ];
  const taken = [".env.example", "crew.py", "environment.py", "x/a.csv"];
  load(
    Object.fromEntries([...left, ...taken].map((path) => [`team/${path}`, path === "crew.py" ? CREW : ""])),
  );
  const source = {
    kind: "code",
    folder: "team",
    entry: { kind: "crew", module: "crew", paths: ["."] },
  } as const;
  const { folder, files } = codeFiles(root, source);
  expect(files.map(({ path }) => path)).toEqual(taken.map((path) => `${folder}/${path}`));
});

it("is read whatever its author writes", () => {
  const words = fc.constantFrom(
    ..."@CrewBase|class A|(|)|:|\n|    |def crew|'|\"|\"\"\"|\\|#|from . import a|import x|input(|self.agents_config['a']|{topic}|agents_config = '../../../etc'|[|]|\u2028".split(
      "|",
    ),
  );
  const text = fc
    .array(fc.oneof({ weight: 4, arbitrary: words }, fc.string()), { maxLength: 40 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, text, text, (python, yaml, toml) => {
      expect(() =>
        load({
          "team/src/x/crew.py": python,
          "team/src/x/config/agents.yaml": yaml,
          "team/crew.jsonc": yaml,
          "team/pyproject.toml": toml,
        }),
      ).not.toThrow();
    }),
    { numRuns: 60 },
  );
});
