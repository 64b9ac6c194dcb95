import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { whatRuns } from "../../../infra/crews/what-runs.ts";
import { type FleetPlan, dockerfileWarnings } from "../../../infra/fleet/index.ts";
import { imageUser } from "../../../infra/crews/image-user.ts";
import { movableBases } from "../../../infra/crews/movable-bases.ts";
import { HOSTINGS, type WhatRuns, loadValidAgents } from "../../../infra/declarations/index.ts";
import { FIXTURES } from "../deploy/stack.ts";

const LINK = `https://docs.example.com/rules.md#sha256=${"ab".repeat(32)}`;
const DIGEST = `@sha256:${"0a".repeat(32)}`;

const CREW = {
  agents: { one: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
};

const agentFile = (name: string, fields: Record<string, unknown>) =>
  JSON.stringify({
    name,
    description: "Answers.",
    capability: { name: "answering", version: "1.0.0" },
    tags: ["answers"],
    author: { name: "Example GmbH" },
    pricing: "free",
    ...fields,
  });

const FILES: Readonly<Record<string, string>> = {
  "facts/a.md": "A.\n",
  "crews/code/crew.py": "def crew(): ...\n",
  "crews/own/Dockerfile": "FROM python:3.12\n",
  "agents/declared.yaml": agentFile("Declared", { crew: CREW, documents: ["facts/a.md", LINK] }),
  "agents/coded.yaml": agentFile("Coded", { build: "crews/code" }),
  "agents/built.yaml": agentFile("Built", { build: "crews/own", resources: { instances: 2 } }),
  "agents/pulled.yaml": agentFile("Pulled", { image: `example/answers${DIGEST}` }),
  "agents/elsewhere.yaml": agentFile("Elsewhere", { url: "https://agents.example.com/e" }),
};

/** A project of its own: a runtime of a few bytes, these files, and what is changed. */
function runsIn(
  changes: Readonly<Record<string, string>> = {},
  modelName = "a-model",
): Record<string, WhatRuns> {
  const projectRoot = mkdtempSync(join(tmpdir(), "masumi-runs-"));
  onTestFinished(() => rmSync(projectRoot, { recursive: true }));
  cpSync(join(FIXTURES, "_project"), projectRoot, { recursive: true });
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    mkdirSync(dirname(join(projectRoot, path)), { recursive: true });
    writeFileSync(join(projectRoot, path), text);
  }
  const place = {
    projectRoot,
    folder: "agents",
    stack: "preprod",
    network: "Preprod",
    hosting: "ecs-alb",
  } as const;
  const runsOf = whatRuns({ projectRoot, config: { network: "Preprod", modelName } });
  const agents = loadValidAgents({ ...place, hostings: HOSTINGS });
  return Object.fromEntries(agents.map((agent) => [agent.id, runsOf(agent)]));
}

const changedBy = (changes: Readonly<Record<string, string>>, modelName?: string): string[] => {
  const [before, after] = [runsIn(), runsIn(changes, modelName)];
  return Object.keys(before).filter((id) => before[id]?.digest !== after[id]?.digest);
};

describe("what runs", () => {
  it("is named as it is declared, and links are not fetched for it", () => {
    const { declared, coded, built, pulled, elsewhere } = runsIn();
    expect(declared).toMatchObject({
      hosting: "ecs-alb",
      kind: "inline",
      model: "a-model",
      size: { cpu: 512, memory: 1024, instances: 1 },
      documents: [
        { name: "facts/a.md", sha256: "d3b98e5e16ad40a1ea05c1dd5c10ef0634950c0192cc5b152cc2b2db372d2f80" },
        { name: "https://docs.example.com/rules.md", sha256: "ab".repeat(32) },
      ],
    });
    expect(coded).toMatchObject({ kind: "code", source: "crews/code", movable: [] });
    expect(built).toMatchObject({
      kind: "build",
      source: "crews/own",
      movable: ["python:3.12"],
      size: { instances: 2 },
    });
    expect(pulled).toMatchObject({ kind: "image", source: `example/answers${DIGEST}` });
    expect(elsewhere).toMatchObject({ hosting: "elsewhere", source: "https://agents.example.com/e" });
  });

  it("is the same in every clone", () => {
    expect(runsIn()).toEqual(runsIn());
    expect(
      changedBy({ "crews/code/__pycache__/crew.pyc": "compiled", "crew/src/__pycache__/a.pyc": "compiled" }),
    ).toEqual([]);
  });

  it.each<[what: string, changes: Record<string, string>, changed: string[]]>([
    ["a document", { "facts/a.md": "B.\n" }, ["declared"]],
    [
      "a link's digest",
      {
        "agents/declared.yaml": agentFile("Declared", {
          crew: CREW,
          documents: ["facts/a.md", LINK.replace("ab", "cd")],
        }),
      },
      ["declared"],
    ],
    ["crew.py", { "crews/code/crew.py": "def crew(): pass\n" }, ["coded"]],
    ["a file beside crew.py", { "crews/code/tools.py": "import os\n" }, ["coded"]],
    ["a Dockerfile", { "crews/own/Dockerfile": "FROM python:3.13\n" }, ["built"]],
    ["the crew runtime", { "crew/src/more.py": "import os\n" }, ["coded", "declared"]],
    ["the image of the crew runtime", { "crew/Dockerfile": "FROM other\n" }, ["coded", "declared"]],
    [
      "the size",
      { "agents/built.yaml": agentFile("Built", { build: "crews/own", resources: { instances: 3 } }) },
      ["built"],
    ],
    [
      "the hosting",
      { "agents/pulled.yaml": agentFile("Pulled", { image: `example/answers${DIGEST}`, hosting: "docker" }) },
      ["pulled"],
    ],
    [
      "what a card has beside the registration, where there is one",
      {
        "agents/coded.yaml": agentFile("Coded", { build: "crews/code", tags: ["others"] }),
        "agents/pulled.yaml": agentFile("Pulled", { image: `example/answers${DIGEST}`, tags: ["others"] }),
      },
      ["coded"],
    ],
    [
      "what only the registration has",
      {
        "agents/coded.yaml": agentFile("Coded", {
          build: "crews/code",
          legal: { terms: "https://example.com/terms" },
        }),
      },
      [],
    ],
  ])("changes with %s", (_what, changes, changed) => {
    expect(changedBy(changes)).toEqual(changed);
  });

  it("says as whom an image runs to whom /data is closed", () => {
    const userOf = (dockerfile: string) =>
      runsIn({ "crews/own/Dockerfile": dockerfile })["built"]?.userWithoutData;
    expect(userOf("FROM python:3.12\nUSER app")).toBe("app");
    expect(userOf("FROM python:3.12\nVOLUME /data\nUSER app")).toBeUndefined();
    expect(userOf("FROM python:3.12\nUSER 0:0")).toBeUndefined();
    expect(userOf("FROM python:3.12")).toBeUndefined();
  });

  it("and the plan warns of it", () => {
    const { built } = runsIn({ "crews/own/Dockerfile": `FROM python${DIGEST}\nUSER app` });
    const agent = { id: "built", file: "agents/built.yaml", hosting: "ecs-alb" };
    const plan = { agents: [{ agent }] } as unknown as FleetPlan;
    const warnings = dockerfileWarnings(plan, new Map(built ? [["built", built]] : []));
    expect(warnings).toEqual([
      expect.stringMatching(/agents\/built\.yaml runs as app .*no VOLUME \/data.*ecs-alb only root can/),
    ]);
  });

  it("changes with the stack's model", () => {
    expect(changedBy({}, "another-model")).toEqual(["built", "coded", "declared", "pulled"]);
  });
});

describe("an image that a registry may change", () => {
  it.each<[dockerfile: string, movable: string[]]>([
    ["FROM python:3.12", ["python:3.12"]],
    [`FROM python${DIGEST}`, []],
    [`FROM --platform=linux/amd64 python AS base\nFROM base\nCOPY --from=base /a /a`, ["python"]],
    [`from scratch\nCOPY --chown=1 --from=busybox /bin /bin\nCOPY --from=0 /a /a`, ["busybox"]],
    ["ARG BASE=python\nFROM \\\n  ${BASE}", ["${BASE}"]],
    ["# FROM nothing\nRUN echo FROM nothing", []],
  ])("%j", (dockerfile, movable) => {
    expect(movableBases(dockerfile)).toEqual(movable);
  });
});

describe("the user and the volumes of an image", () => {
  it.each<[dockerfile: string, user: string | undefined, volumes: string[]]>([
    ["FROM python", undefined, []],
    ["FROM python\nUSER root\nuser 1000:1000 \nVOLUME /data/ /cache", "1000:1000", ["/data", "/cache"]],
    ['FROM python AS base\nUSER app\nVOLUME ["/data", "/x"]\nFROM base', "app", ["/data", "/x"]],
    ["FROM python AS build\nUSER app\nVOLUME /data\nFROM python\nCOPY --from=build /a /a", undefined, []],
    ["FROM --platform=linux/amd64 python AS Base\nUSER app\nFROM base AS last", "app", []],
    ["FROM python\nUSER app\nUSER ${APP}", undefined, []],
    ["FROM python\nVOLUME \\\n  /data\n# USER app\nRUN echo USER app", undefined, ["/data"]],
  ])("%j", (dockerfile, user, volumes) => {
    expect(imageUser(dockerfile)).toEqual({ user, volumes });
  });
});
