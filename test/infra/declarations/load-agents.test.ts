import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  type Complaint,
  DeclarationError,
  type LoadOptions,
  formatComplaint,
  loadAgents,
  loadValidAgents,
} from "../../../infra/declarations/index.ts";

const WEATHER = `name: Weather
description: Tells the weather of a place.
capability: { name: weather, version: 1.0.0 }
tags: [weather]
author: { name: Example GmbH }
pricing: free
`;
const LOCAL = { folder: "agents", stack: "local", network: "Preprod", hosting: "process" } as const;

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

function project(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "declarations-"));
  made.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

const complaintsOf = (options: LoadOptions) => loadAgents(options).complaints.map(formatComplaint);

describe("the agents that this repository ships", () => {
  const projectRoot = join(import.meta.dirname, "../../..");

  it.each([
    ["local", "Preprod", "process"],
    ["preprod", "Preprod", "ecs-alb"],
    ["mainnet", "Mainnet", "ecs-alb"],
  ] as const)("are right in stack %s", (stack, network, hosting) => {
    const { agents, complaints } = loadAgents({ folder: "agents", projectRoot, stack, network, hosting });
    expect(complaints.map(formatComplaint)).toEqual([]);
    expect(agents.map(({ id, pricing, paymentType }) => [id, pricing.type, paymentType])).toEqual([
      ["contract-reviewer", "fixed", "V1"],
      ["deadline-planner", "free", undefined],
      ["market-researcher", "fixed", "V2"],
      ["meeting-minutes", "free", undefined],
    ]);
  });
});

describe("the folder", () => {
  it("is complained of when it is missing", () => {
    expect(complaintsOf({ ...LOCAL, projectRoot: project({ "README.md": "" }) })).toEqual([
      "agents:1:1: is not a readable folder, agents are YAML files in a folder of the project; if all are to go, keep it with a .gitkeep in it",
    ]);
  });

  it("is complained of when it is a file", () => {
    expect(complaintsOf({ ...LOCAL, projectRoot: project({ agents: "" }) })).toHaveLength(1);
  });

  it("keeps files out that are far too large", () => {
    const projectRoot = project({ "agents/weather.yaml": `${WEATHER}# ${"x".repeat(256 * 1024)}\n` });
    expect(complaintsOf({ ...LOCAL, projectRoot })).toEqual([
      "agents/weather.yaml:1:1: is larger than 256 KiB, put long material into documents",
    ]);
  });
});

describe("a folder of another stack's agents", () => {
  const files = {
    "agents/weather.yaml": `${WEATHER}url: https://example.com/weather\n`,
    "agents/customers-07/traffic.yaml": `${WEATHER}url: https://example.com/traffic\n`,
    "Pulumi.broken.yaml": "config: [",
  };

  it("is no agents of this one, and no mistake while a stack names it", () => {
    const projectRoot = project({
      ...files,
      "Pulumi.customers-07.yaml": "config:\n  masumi:agents: agents/customers-07/\n",
    });
    const of = (folder: string) => loadAgents({ ...LOCAL, folder, projectRoot });
    expect(of("agents").agents.map(({ file }) => file)).toEqual(["agents/weather.yaml"]);
    expect(of("agents/customers-07").agents.map(({ file }) => file)).toEqual([
      "agents/customers-07/traffic.yaml",
    ]);
  });

  it("is complained of when none does", () => {
    expect(complaintsOf({ ...LOCAL, projectRoot: project(files) })).toEqual([
      expect.stringMatching(/^agents\/customers-07:1:1: is a folder, and subfolders are not read/),
    ]);
  });

  it("is complained of when it leads out of the project", () => {
    const outside = project(files);
    const projectRoot = project({});
    symlinkSync(join(outside, "agents"), join(projectRoot, "agents"));
    expect(complaintsOf({ ...LOCAL, projectRoot })).toEqual([
      "agents:1:1: is a link to something outside the project, put the folder itself there",
    ]);
  });
});

describe("a file that is nested without end", () => {
  it("is complained of", () => {
    const projectRoot = project({ "agents/weather.yaml": `x: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n` });
    expect(complaintsOf({ ...LOCAL, projectRoot })).toEqual([
      expect.stringMatching(
        /^agents\/weather\.yaml:1:\d+: is nested too deeply, an agent needs only a few levels$/,
      ),
    ]);
  });
});

describe("an entry that stands where an agent did", () => {
  const entry = (projectRoot: string, name: string) => join(projectRoot, "agents", name);
  const complaintsIn = (prepare: (projectRoot: string) => void) => {
    const projectRoot = project({ "agents/weather.yaml": `${WEATHER}url: https://example.com/weather\n` });
    prepare(projectRoot);
    return complaintsOf({ ...LOCAL, projectRoot });
  };

  it.each(["noinput.yaml", "noinput.yml", "NOINPUT.YAML"])("is complained of as the folder %s", (name) => {
    expect(complaintsIn((root) => mkdirSync(entry(root, name)))).toEqual([
      `agents/${name}:1:1: is a folder instead of a file, put the file back; to remove the agent, remove the folder`,
    ]);
  });

  it("is complained of in a folder below, however deep, whatever the case of its name", () => {
    const complaints = complaintsIn((root) => {
      mkdirSync(entry(root, "old/2025"), { recursive: true });
      writeFileSync(entry(root, "old/2025/traffic.YML"), WEATHER);
    });
    expect(complaints).toEqual([
      "agents/old:1:1: is a folder, and subfolders are not read, move its YAML files to agents/, name the folder in a build: or in a stack's masumi:agents, or remove it",
    ]);
  });

  it.each([
    ["nowhere.yaml", "links to nothing"],
    ["loop.yaml", "loop.yaml"],
  ])("is complained of as the broken link %s", (name, target) => {
    expect(complaintsIn((root) => symlinkSync(target, entry(root, name)))).toEqual([
      `agents/${name}:1:1: is a broken link, or a link to something outside the project, put the file itself here, so clones have it`,
    ]);
  });

  it("is complained of as a file with another ending", () => {
    expect(complaintsIn((root) => writeFileSync(entry(root, "TRAFFIC.YAML"), WEATHER))).toEqual([
      "agents/TRAFFIC.YAML:1:1: is not read, because its name does not end in .yaml, rename it to TRAFFIC.yaml",
    ]);
  });

  it("is complained of where it cannot be read", () => {
    const projectRoot = project({ "agents/traffic.yaml": WEATHER, "agents/more/notes.txt": "" });
    chmodSync(projectRoot, 0o755);
    for (const name of ["traffic.yaml", "more"]) chmodSync(entry(projectRoot, name), 0);
    // Everything is readable to root.
    const program = `
      if (process.getuid() === 0) process.setuid(65534);
      const { loadAgents } = await import(${JSON.stringify(join(import.meta.dirname, "../../../infra/declarations/index.ts"))});
      process.stdout.write(JSON.stringify(loadAgents(${JSON.stringify({ ...LOCAL, projectRoot })}).complaints));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
    });
    for (const name of ["traffic.yaml", "more"]) chmodSync(entry(projectRoot, name), 0o700);
    expect((JSON.parse(stdout) as Complaint[]).map(formatComplaint)).toEqual([
      "agents/more:1:1: cannot be opened (EACCES), check its permissions",
      "agents/traffic.yaml:1:1: cannot be opened (EACCES), check its permissions",
    ]);
  });

  it("may be a folder without declarations", () => {
    expect(complaintsIn((root) => mkdirSync(entry(root, "notes")))).toEqual([]);
  });
});

describe("documents", () => {
  const files = {
    "agents/weather.yaml": `${WEATHER}build: ./forecast\ndocuments: [docs/kept.txt, docs/secret.txt]\n`,
    "forecast/crew.py": "def crew(): ...\n",
    "docs/kept.txt": "kept",
    "docs/secret.txt": "secret",
    ".gitignore": "docs/secret.txt\n",
  };

  it("are complained of when git ignores them", () => {
    const projectRoot = project(files);
    expect(spawnSync("git", ["init", "--quiet"], { cwd: projectRoot }).status).toBe(0);
    expect(complaintsOf({ ...LOCAL, hosting: "docker", projectRoot })).toEqual([
      'agents/weather.yaml:8:28: "docs/secret.txt" is ignored by git, clones would not have it: add it to the repository',
    ]);
  });

  it("are complained of when the crew could not read them", () => {
    const projectRoot = project({
      "agents/weather.yaml": `${WEATHER}build: ./forecast\ndocuments: [docs/blank.md, docs/latin.txt, docs/long.txt]\n`,
      "forecast/crew.py": "def crew(): ...\n",
      "docs/blank.md": " \n\n",
      "docs/long.txt": "word ".repeat(1_200_001),
      "docs/latin.txt": "",
    });
    writeFileSync(join(projectRoot, "docs/latin.txt"), Buffer.from("Stra\u00DFe", "latin1"));
    expect(complaintsOf({ ...LOCAL, projectRoot })).toEqual([
      'agents/weather.yaml:8:13: "docs/blank.md" has no text, leave it out',
      'agents/weather.yaml:8:28: "docs/latin.txt" is not UTF-8 text, save it as UTF-8',
      'agents/weather.yaml:8:44: "docs/long.txt" has 4800004 characters, at most 4800000: shorten it',
    ]);
  });

  it("need no repository", () => {
    expect(complaintsOf({ ...LOCAL, hosting: "docker", projectRoot: project(files) })).toEqual([]);
  });
});

describe("a folder to build", () => {
  const FOLDER = { "agents/weather.yaml": `${WEATHER}build: ./own\n`, "own/main.py": "" };
  const code = (root: string) => complaintsOf({ ...LOCAL, projectRoot: root });

  it("is complained of for every file that no image can hold", () => {
    const root = project({ ...FOLDER, "own/crew.py": "def crew(): ...\n" });
    symlinkSync("/etc/hostname", join(root, "own/outside"));
    symlinkSync("nothing", join(root, "own/nothing"));
    symlinkSync("../own", join(root, "own/folder"));
    expect(code(root).toSorted()).toEqual([
      'agents/weather.yaml:7:8: "own/folder" is not a file: links to folders, submodules and sockets cannot be part of an image, put the files themselves there',
      'agents/weather.yaml:7:8: "own/nothing" is a broken link, or a link to something outside the repository, put the file itself there',
      'agents/weather.yaml:7:8: "own/outside" is a broken link, or a link to something outside the repository, put the file itself there',
    ]);
  });

  it("is complained of where git ignores what it is built from", () => {
    const root = project({ ...FOLDER, "own/crew.py": "def crew(): ...\n", ".gitignore": "crew.py\n" });
    expect(spawnSync("git", ["init", "--quiet"], { cwd: root }).status).toBe(0);
    expect(code(root)).toEqual([
      "agents/weather.yaml:7:8: git ignores the crew.py in own, so clones would not have it, add it to the repository",
    ]);
  });

  it("is complained of where a folder is called Dockerfile", () => {
    const root = project({ ...FOLDER, "own/Dockerfile/readme": "" });
    expect(code(root)).toEqual([
      'agents/weather.yaml:7:8: "./own" has no crew.py, no Dockerfile, and no src/<package>/crew.py or main.py, name the folder that has one of them',
    ]);
  });
});

describe("loadValidAgents", () => {
  it("throws all complaints at once, under a stable code", () => {
    const projectRoot = project({ "agents/a.yaml": "nme: A\n", "agents/b.yaml": "" });
    const failure = (() => {
      try {
        return loadValidAgents({ ...LOCAL, projectRoot });
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(DeclarationError);
    expect(failure).toMatchObject({ code: "DECLARATIONS_INVALID" });
    expect((failure as DeclarationError).message).toContain("agents/a.yaml:1:1: unknown key");
    expect((failure as DeclarationError).message).toContain("agents/b.yaml:1:1: is empty");
  });
});

describe("whatever an author writes", () => {
  const scalar = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "{topic}",
      "*a",
      "&a x",
      "!!binary x",
      "- x",
      "? y",
      "'",
      '"',
      "|",
      ">-",
      "\t",
      "null",
      "1e999",
      "<<: *a",
    ),
    fc.integer().map(String),
  );
  const keys = [...WEATHER.matchAll(/^(\w+):/gm)].map(([, key = ""]) => key);
  const line = fc
    .tuple(
      fc.constantFrom(...keys, "crew", "input", "overrides", "only", "id", "url", "__proto__", "constructor"),
      scalar,
    )
    .map(([key, value]) => `${key}: ${value}`);
  const structured = fc.jsonValue().map((value) => JSON.stringify(value));
  const file = fc.oneof(
    fc.string(),
    structured,
    fc.array(line).map((lines) => lines.join("\n")),
    fc
      .tuple(fc.constantFrom("crew", "input", "pricing", "overrides", "model"), structured)
      .map(([key, value]) => `${WEATHER}${key}: ${value}\n`),
  );

  it("is quoted on one line, without anything that commands a terminal", () => {
    const hostile = fc
      .array(
        fc.oneof(
          fc.constantFrom("\n", "\r", "\u001B[2J", "\u009B", "\u202E", "::error::", "\u2028"),
          fc.string({ unit: "binary" }),
        ),
      )
      .map((parts) => parts.join(""));
    const quoted = hostile.map((text) => JSON.stringify(text));
    const wrong = fc.oneof(
      fc
        .tuple(
          fc.constantFrom(
            ...keys,
            "crew",
            "input",
            "payment",
            "wallet",
            "only",
            "hosting",
            "documents",
            "build",
            "x",
          ),
          quoted,
        )
        .map(([key, value]) => `${WEATHER.replace(new RegExp(`^${key}:.*\\n`, "m"), "")}${key}: ${value}\n`),
      quoted.map((key) => `${WEATHER}${key}: 1\n`),
      quoted.map((text) => `${WEATHER}documents: [${text}, ${text}]\nbuild: ${text}\n`),
      fc
        .tuple(quoted, quoted)
        .map(
          ([a, b]) =>
            `${WEATHER}input: [{ id: ${a}, type: ${b}, name: ${a} }]\noverrides: { ${b}: { ${a}: 1 } }\n` +
            `crew: { agents: { ${a}: { ${b}: 1, tools: [${a}] } }, tasks: [{ name: ${b}, agent: ${a}, context: [${a}] }] }\n`,
        ),
      hostile.map((text) => `${WEATHER}${text}`),
      hostile.map((text) => `name: !${text} x\ntags: *${text}\n`),
    );
    const projectRoot = project(
      Object.fromEntries(
        fc.sample(wrong, { numRuns: 200, seed: 7 }).map((text, index) => [`agents/a${index}.yaml`, text]),
      ),
    );
    writeFileSync(join(projectRoot, "agents", "\u001B[31m\n.yaml"), "name: [");
    const { complaints } = loadAgents({ ...LOCAL, projectRoot });
    expect(complaints.length).toBeGreaterThan(200);
    expect(
      complaints
        .map(formatComplaint)
        .filter((line) => /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(line)),
    ).toEqual([]);
    expect(complaints.filter(({ message, remedy }) => /[\p{Cc}\u2028]/u.test(`${message}${remedy}`))).toEqual(
      [],
    );
  });

  it("is answered with complaints at places that exist, never with an exception", () => {
    const texts = fc.sample(file, { numRuns: 500, seed: 3 });
    const projectRoot = project(
      Object.fromEntries(texts.map((text, index) => [`agents/a${index}.yaml`, text])),
    );
    const { complaints } = loadAgents({ ...LOCAL, projectRoot });
    expect(complaints.length).toBeGreaterThan(0);
    const strange = complaints.filter(({ file, line, column, message }) => {
      const lines = (texts[Number(/\d+/.exec(file)?.[0])] ?? "").split("\n");
      const exists =
        line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1;
      return !exists || /undefined|\[object|NaN/.test(message);
    });
    expect(strange).toEqual([]);
  });
});
