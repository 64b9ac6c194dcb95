import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { assert as assertProperty, integer, property, stringMatching } from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CommandSpec } from "../../cli/commands/command.ts";
import { COMMANDS } from "../../cli/commands/index.ts";
import { registerCommands } from "../../cli/commands/register.ts";
import { formatTable, wrapText } from "../../cli/table.ts";
import { keepToWidth } from "../../cli/text.ts";
import { TestProject } from "../helpers/project.ts";

const AGENT = `
name: Writer
description: Writes.
capability: { name: writing, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
pricing: free
url: https://writer.example.com
`;

describe("masumi-agents on the command line", () => {
  let project: TestProject;
  beforeEach(() => (project = new TestProject()));
  afterEach(() => project.dispose());

  it("validates without network, stack file or anything installed for crews", async () => {
    project.write("agents/writer.yaml", AGENT);
    expect(await project.run("validate")).toEqual({
      exitCode: 0,
      stdout: "1 agent valid for stack local: writer\n",
      stderr: "",
    });
    const { stdout } = await project.run("validate", "--json");
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      agents: [{ id: "writer", file: "agents/writer.yaml" }],
      secretsNeeded: [],
      unlocked: [],
      ownRepositories: [],
    });
  });

  it("says of a crew's folder that is a git repository of its own that pipelines would not have it", async () => {
    project.write("agents/writer.yaml", AGENT.replace(/url:.*/, "build: crews/own"));
    project.write("crews/own/crew.py", "from crewai import Crew\n\ndef crew():\n    return Crew()\n");
    execFileSync("git", ["init", "--quiet", join(project.root, "crews/own")]);
    const { exitCode, stderr } = await project.run("validate");
    expect(stderr).toContain(
      "Notice: crews/own is a git repository of its own (crewai create makes one), so commits of this one do not contain its files: remove crews/own/.git.",
    );
    expect(exitCode).toBe(0);
  });

  it.each(["validate", "up", "preview", "demo"])(
    "%s stops at bad YAML with every complaint located",
    async (command) => {
      project.write("agents/writer.yaml", AGENT.replace("tags: [writing]", "tagz: [writing]"));
      project.write("agents/other.yaml", "name: [");
      const { exitCode, stderr } = await project.run(command);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^agents\/other\.yaml:1:\d+: /m);
      expect(stderr).toMatch(/^agents\/writer\.yaml:5:1: .*tagz/m);
      expect(stderr).toMatch(/complaints in 2 files\.$/m);
    },
  );

  it("up runs nothing of an author who asks for a place beside the keys", async () => {
    project.write("Pulumi.local.yaml", "config:\n  masumi:network: Preprod\n  masumi:hosting: docker\n");
    project.write(
      "crews/attack/crew.py",
      `open(${JSON.stringify(project.path("was-here"))}, "w")\ndef crew(): ...\n`,
    );
    project.write(
      "agents/attack.yaml",
      AGENT.replace(/url: .*/, "build: crews/attack\nhosting: process\nmodel: { name: gpt-4.1-mini }"),
    );
    const { exitCode, stderr } = await project.run("up");
    expect(stderr).toMatch(
      /^agents\/attack\.yaml:9:10: hosting process is not allowed .*Pulumi\.local\.yaml:3/m,
    );
    expect(exitCode).toBe(1);
    expect(
      [project.path("was-here"), project.path(".masumi/crews")].filter((path) => existsSync(path)),
    ).toEqual([]);
  });

  it("destroy of a stack without resources needs no sandbox, and has nothing to do", async () => {
    project.write("agents/writer.yaml", AGENT);
    for (const _ of [1, 2]) {
      const { exitCode, stdout } = await project.run("destroy");
      expect(exitCode).toBe(0);
      expect(stdout).toContain("Resources: none\n");
    }
  });

  it.each(["sandbox stop", "sandbox status", "config rm"])(
    "%s --help lists its own options",
    async (words) => {
      const { stdout } = await project.run(...words.split(" "), "--help");
      expect(stdout).not.toMatch(/--chain-speed|--show-secrets/);
      expect(stdout).toContain("--cwd");
    },
  );

  it.each(["up", "preview", "refresh"])("%s without a sandbox says how to start one", async (command) => {
    project.write("agents/writer.yaml", AGENT);
    const { exitCode, stderr } = await project.run(command);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("npx masumi-agents sandbox");
  });

  it.each([
    ["config: {}\n", "does not set masumi:network; it is Preprod or Mainnet."],
    ["config: { masumi:network: Testnet }\n", "sets masumi:network to Testnet; it is Preprod or Mainnet."],
  ])("a stack without a network is refused by its file's name: %s", async (settings, said) => {
    project.write("Pulumi.staging.yaml", settings);
    const { exitCode, stderr } = await project.run("validate", "--stack", "staging");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Pulumi.staging.yaml ${said}`);
  });

  it.each(["validate", "plan", "status", "up", "refresh", "destroy", "hire x", "doctor"])(
    "%s of a stack without a file says so, and lists those that have one",
    async (words) => {
      project.write("Pulumi.preprod.yaml", "config: {}\n");
      const { exitCode, stdout, stderr } = await project.run(...words.split(" "), "--stack", "nope");
      expect(exitCode).toBe(1);
      expect(stdout + stderr).toMatch(/Pulumi\.nope\.yaml does not exist\. There are local, preprod\./);
    },
  );

  it.each([
    [
      "status writer",
      "agents/writer.yaml declares writer, but it is not deployed in stack local yet. Run: up",
    ],
    ["hire writer", "agents/writer.yaml declares writer, but it is not deployed in stack local yet. Run: up"],
    ["status writr", "Stack local has no agent writr, did you mean writer? Its agents: writer."],
    [
      "hire nobody",
      "Stack local has no agent nobody. Its agents: writer. Name another, or give an agent's URL.",
    ],
  ])("%s, of what is not up, says whether it is declared", async (words, said) => {
    project.write("agents/writer.yaml", AGENT);
    const { exitCode, stderr } = await project.run(...words.split(" "));
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `${said.replace("Run: up", "Run: npx masumi-agents up")}\n`,
    });
  });

  it("finds the project from a folder below it", async () => {
    project.write("agents/writer.yaml", AGENT);
    expect(await project.runIn("agents", "validate")).toMatchObject({
      exitCode: 0,
      stdout: "1 agent valid for stack local: writer\n",
    });
  });

  it("a folder that is no project is refused", async () => {
    project.remove("Pulumi.yaml");
    const { exitCode, stderr } = await project.run("validate");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("There is no Pulumi.yaml in");
    expect(stderr).not.toContain("    at ");
  });
});

/** The words of every command, of those below others, too. */
const everyCommand = (specs: readonly CommandSpec[], above = ""): string[] =>
  specs.flatMap(({ name, commands = [] }) => [
    `${above}${name}`,
    ...everyCommand(commands, `${above}${name} `),
  ]);

describe("--help", () => {
  it.each(everyCommand(COMMANDS))("of %s shows examples", async (words) => {
    let shown = "";
    const program = new Command("masumi-agents")
      .option("-C, --cwd <folder>", "", ".")
      .exitOverride()
      .configureOutput({ writeOut: (text) => (shown += text) });
    registerCommands(program);
    const help = program.parseAsync([...words.split(" "), "--help"], { from: "user" });
    await expect(help).rejects.toMatchObject({ exitCode: 0 });
    expect(shown).toContain("\nExamples:\n");
    const [, ...examples] = shown.trimEnd().split("\nExamples:").at(-1)?.split("\n") ?? [];
    const start = new RegExp(`^  \\$ ([A-Z_]+=\\S+ )*npx masumi-agents ${words}\\b`);
    expect(examples).toEqual(examples.map(() => expect.stringMatching(start)));
  });

  it.each(everyCommand(COMMANDS))(
    "of %s fits a terminal of 80 columns, and its examples can be copied",
    async (words) => {
      let shown = "";
      const program = new Command("masumi-agents").exitOverride().configureOutput({
        writeOut: (text) => (shown += text),
        getOutHelpWidth: () => 80,
      });
      registerCommands(program);
      const help = program.parseAsync([...words.split(" "), "--help"], { from: "user" });
      await expect(help).rejects.toMatchObject({ exitCode: 0 });
      expect(shown.split("\n").filter((line) => line.length > 80)).toEqual([]);
      const examples = shown.slice(shown.indexOf("\nExamples:\n"));
      expect(examples.replaceAll(" \\\n     ", "")).toMatch(
        new RegExp(`^  \\$ ([A-Z_]+=\\S+ )*npx masumi-agents ${words}\\b`, "m"),
      );
    },
  );

  it.each(["--version", "-V"])("%s prints the version of package.json", async (flag) => {
    const project = new TestProject();
    const { version } = JSON.parse(project.read("package.json")) as { version: string };
    expect(await project.run(flag)).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
    await project.dispose();
  });

  it("of the program lists every command", async () => {
    const project = new TestProject();
    const { exitCode, stdout } = await project.run("--help");
    await project.dispose();
    expect(exitCode).toBe(0);
    for (const command of ["plan", "drift", "import", "doctor"]) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    expect(stdout.match(/--cwd/g)).toHaveLength(1);
  });
});

describe("tables", () => {
  it("align columns over cells of several lines", () => {
    const table = formatTable(
      ["agent", "price"],
      [
        ["writer", "5 ADA\n2 USDM"],
        ["x", "free"],
      ],
    );
    expect(table.split("\n")).toEqual([
      "agent   price",
      "──────  ──────",
      "writer  5 ADA",
      "        2 USDM",
      "x       free",
      "",
    ]);
  });

  it("fit into the columns of a terminal: the widest give way, and nothing is lost", () => {
    const url = "https://market-researcher.agents.example.com";
    const rows = [["market-researcher", "5 tUSDM (test USDM)", url]];
    for (const columns of [40, 60, 80]) {
      const lines = formatTable(["agent", "price", "URL"], rows, { columns }).trimEnd().split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      const cells = lines.slice(2).map((line) => line.split(/ {2,}/).at(-1));
      expect(cells.join("").replace(/.*(?=https)/, "")).toBe(url);
    }
  });

  it("break no word: headings give way first, then cells, and columns without any text are left out", () => {
    const headings = ["agent", "changes", "fees (ADA)", "registered"];
    const rows = [["contract-reviewer", "", "0.398057", "1"]];
    expect(formatTable(headings, rows, { columns: 31 }).split("\n")).toEqual([
      "agent      fees      registered",
      "           (ADA)",
      "─────────  ────────  ──────────",
      "contract-  0.398057  1",
      "reviewer",
      "",
    ]);
    expect(formatTable(headings, rows)).toContain("agent              changes  fees (ADA)  registered");
  });

  it("are lists where the terminal is too narrow for their columns", () => {
    const rows = [
      ["contract-reviewer", "RegistrationConfirmed", "4 ADA"],
      ["x", "", "free"],
    ];
    expect(formatTable(["agent", "state", "price"], rows, { columns: 30 }).split("\n")).toEqual([
      "agent  contract-reviewer",
      "state  RegistrationConfirmed",
      "price  4 ADA",
      "",
      "agent  x",
      "price  free",
      "",
    ]);
  });

  it("lose nothing of any text at any width", () => {
    assertProperty(
      property(stringMatching(/^[a-z0-9 .,:=/-]{0,60}$/), integer({ min: 1, max: 40 }), (text, width) => {
        const lines = wrapText(text, width);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
        expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      }),
    );
  });

  it("paint a cell, and neither its padding nor another", () => {
    const rows = [["writer", { text: "available", style: "green" as const }, "free"]];
    const table = formatTable(["agent", "availability", "price"], rows, { paint: (_, text) => `<${text}>` });
    expect(table.split("\n")[2]).toBe("writer  <available>     free");
  });
});

describe("a text for people", () => {
  it("is broken at blanks, keeps its margin, and never breaks a command or an address", () => {
    const text =
      "  Waiting for the chain.\nShort.\n  npx masumi-agents config set masumi:waitMinutes 20\nSee https://example.com/a/long/address";
    expect(keepToWidth(text, 16).split("\n")).toEqual([
      "  Waiting for",
      "  the chain.",
      "Short.",
      "  npx masumi-agents config set masumi:waitMinutes 20",
      "See",
      "https://example.com/a/long/address",
    ]);
    expect(keepToWidth(text)).toBe(text);
  });

  it("counts no colours", () => {
    expect(keepToWidth("\u001B[31mNOT RUNNING:\u001B[39m yes", 16)).toBe(
      "\u001B[31mNOT RUNNING:\u001B[39m yes",
    );
  });
});
