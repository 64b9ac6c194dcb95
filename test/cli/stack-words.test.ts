import { Command } from "commander";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { registerCommands } from "../../cli/commands/register.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { explainsItself } from "../../cli/explains-itself.ts";
import { initStack, up } from "../../local/engine/index.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import { outsideAgent } from "../helpers/outside-agents.ts";
import { repository, TestProject } from "../helpers/project.ts";

// Pulumi's own words, as a user types them. They run in this process: only `up` and `preview` need others.

const SECRET = "the-secret-of-this-test";

interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  /** What the command says on stderr instead. */
  readonly error: string;
}

/** What main.ts does with the words of a command line. */
async function say(root: string, ...words: readonly string[]): Promise<Said> {
  const program = new Command("masumi-agents").option("-C, --cwd <folder>", "", root).exitOverride();
  registerCommands(program);
  let stdout = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await program.parseAsync(words, { from: "user" });
    return { exitCode: process.exitCode, stdout, error: "" };
  } catch (error) {
    if (!explainsItself(error)) throw error;
    return { exitCode: 1, stdout, error: error.message };
  } finally {
    process.exitCode = before;
    write.mockRestore();
  }
}

const ok = (stdout: string): Said => ({ exitCode: 0, stdout, error: "" });

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
new pulumi.ComponentResource("words:index:Group", "one", {}, { protect: true });
new pulumi.ComponentResource("words:index:Group", "two", {}, { protect: true });
new pulumi.ComponentResource("words:index:Group", "three", {}, { protect: true });
module.exports = { url: "https://example.com", count: 2, token: new pulumi.Config().requireSecret("token") };
`;

const urnOf = (name: string): string => `urn:pulumi:local::words::words:index:Group::${name}`;

let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "masumi-agents-words-"));
  writeFileSync(
    join(root, "Pulumi.yaml"),
    "name: words\nruntime: { name: nodejs, options: { typescript: false } }\n",
  );
  writeFileSync(join(root, "package.json"), `{ "main": "index.cjs" }`);
  writeFileSync(join(root, "index.cjs"), PROGRAM);
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  const run = localRun(openProject(root), "local");
  await initStack(run);
  await say(root, "config", "set", "--secret", "token", SECRET);
  const { ok: made, diagnostics } = await up(run);
  if (!made) throw new Error(JSON.stringify(diagnostics));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("config", () => {
  const file = (): string => readFileSync(join(root, "Pulumi.local.yaml"), "utf8");
  afterEach(async () => {
    await say(root, "config", "rm", "region");
    await say(root, "config", "rm", "other:size");
  });

  it("set, get and rm print nothing but the value", async () => {
    expect(await say(root, "config", "set", "region", "eu")).toEqual(ok(""));
    expect(await say(root, "config", "get", "region")).toEqual(ok("eu\n"));
    expect(await say(root, "config", "get", "words:region", "--json")).toEqual(
      ok('{\n  "value": "eu",\n  "secret": false\n}\n'),
    );
    expect(file()).toMatch(/^ {2}words:region: eu$/mu);
    expect(await say(root, "config", "rm", "region")).toEqual(ok(""));
    expect(file()).not.toContain("region");
  });

  it("set takes a value that begins with a dash behind --", async () => {
    expect(await say(root, "config", "set", "other:size", "--", "-1")).toEqual(ok(""));
    expect(await say(root, "config", "get", "other:size")).toEqual(ok("-1\n"));
  });

  it("set --secret encrypts in the file, and get decrypts", async () => {
    expect(file()).toMatch(/words:token:\n {4}secure: v1:/u);
    expect(file()).not.toContain(SECRET);
    expect(await say(root, "config", "get", "token")).toEqual(ok(`${SECRET}\n`));
  });

  it("lists the project's own keys by their names, secrets masked unless they are asked for", async () => {
    await say(root, "config", "set", "other:size", "5");
    expect(await say(root, "config")).toEqual(ok("KEY         VALUE\nother:size  5\ntoken       [secret]\n"));
    expect((await say(root, "config", "--show-secrets")).stdout).toContain(`token       ${SECRET}\n`);
    const listed = JSON.parse((await say(root, "config", "--json")).stdout) as unknown;
    expect(listed).toEqual({ "words:token": { secret: true }, "other:size": { value: "5", secret: false } });
    const shown = JSON.parse((await say(root, "config", "--json", "--show-secrets")).stdout) as unknown;
    expect(shown).toMatchObject({ "words:token": { value: SECRET, secret: true } });
  });

  it("get of what is not there fails, rm of it does not", async () => {
    expect(await say(root, "config", "get", "nothing")).toEqual({
      exitCode: 1,
      stdout: "",
      error: 'CONFIG_NOT_FOUND: Stack local has no configuration value "nothing".',
    });
    expect(await say(root, "config", "rm", "nothing")).toEqual(ok(""));
  });

  it("set refuses what is no key, and changes nothing", async () => {
    const before = file();
    expect(await say(root, "config", "set", "a:b:c", "x")).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('"a:b:c" is not a configuration key'),
    });
    expect(file()).toBe(before);
  });
});

describe("stack output", () => {
  it("prints all outputs, secrets masked unless they are asked for", async () => {
    const table = (token: string): string =>
      `Current stack outputs (3):\n    OUTPUT  VALUE\n    count   2\n    token   ${token}\n    url     https://example.com\n`;
    expect(await say(root, "stack", "output")).toEqual(ok(table("[secret]")));
    expect(await say(root, "stack", "output", "--show-secrets")).toEqual(ok(table(SECRET)));
    expect(JSON.parse((await say(root, "stack", "output", "--json")).stdout)).toEqual({
      url: "https://example.com",
      count: 2,
      token: "[secret]",
    });
  });

  it("prints one output as it is, or as JSON", async () => {
    expect(await say(root, "stack", "output", "url")).toEqual(ok("https://example.com\n"));
    expect(await say(root, "stack", "output", "url", "--json")).toEqual(ok('"https://example.com"\n'));
    expect(await say(root, "stack", "output", "count")).toEqual(ok("2\n"));
    expect(await say(root, "stack", "output", "token")).toEqual(ok("[secret]\n"));
  });

  it("of a name that is none fails", async () => {
    expect(await say(root, "stack", "output", "nothing", "--json")).toEqual({
      exitCode: 1,
      stdout: "",
      error: 'Stack local has no output "nothing".',
    });
  });
});

describe("stack export", () => {
  it("prints the state as pulumi stack import reads it, secrets encrypted", async () => {
    const { exitCode, stdout } = await say(root, "stack", "export");
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain(SECRET);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 3,
      deployment: {
        secrets_providers: { type: "passphrase" },
        resources: [{ type: "pulumi:pulumi:Stack" }, { protect: true }, { protect: true }, { protect: true }],
      },
    });
  });
});

describe("state unprotect", () => {
  const stillProtected = async (): Promise<number> =>
    (await say(root, "stack", "export")).stdout.split('"protect": true').length - 1;

  it("of a resource that is not there, or of none, fails and changes nothing", async () => {
    expect(await say(root, "state", "unprotect", urnOf("one"), urnOf("four"))).toMatchObject({
      exitCode: 1,
      stdout: "",
      error: expect.stringContaining(`The state holds no resource ${urnOf("four")}.`),
    });
    expect(await say(root, "state", "unprotect")).toMatchObject({
      exitCode: 1,
      error: "Name the URNs to unprotect, or use --all.",
    });
    expect(await stillProtected()).toBe(3);
  });

  it("of one, of some and of all say so", async () => {
    expect(await say(root, "state", "unprotect", urnOf("one"))).toEqual(ok("Resource unprotected\n"));
    expect(await stillProtected()).toBe(2);
    const two = await say(root, "state", "unprotect", urnOf("one"), urnOf("two"));
    expect(two).toEqual(ok("2 resources unprotected\n"));
    expect(await stillProtected()).toBe(1);
    expect(await say(root, "state", "unprotect", "--all")).toEqual(ok("All resources unprotected\n"));
    expect(await stillProtected()).toBe(0);
  });
});

describe("state delete", () => {
  const held = async (): Promise<string> => (await say(root, "stack", "export")).stdout;

  it("needs a name, and forgets what is named", async () => {
    expect(await say(root, "state", "delete")).toMatchObject({
      exitCode: 1,
      error: "Name the URNs to delete, or use --all.",
    });
    expect(await say(root, "state", "delete", urnOf("three"), "--force")).toEqual(
      ok(`1 resource deleted from the state\n${urnOf("three")}\n`),
    );
    expect(await held()).not.toContain(urnOf("three"));
    expect(await held()).toContain(urnOf("two"));
  });
});

describe("cancel", () => {
  const lock = (pid: number): string => {
    const folder = join(root, ".masumi/state/.pulumi/locks/organization/words/local");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${pid}.json`);
    const content = { pid, username: "me", hostname: hostname(), timestamp: new Date().toISOString() };
    writeFileSync(file, JSON.stringify(content));
    return file;
  };

  it("removes the lock of a run that died, and leaves one that goes on", async () => {
    expect(await say(root, "cancel")).toEqual(ok("No run holds the stack local.\n"));
    const dead = lock(2 ** 22 + 1);
    expect((await say(root, "cancel")).stdout).toContain("Removed the lock of process");
    expect(existsSync(dead)).toBe(false);
    const alive = lock(process.pid);
    expect(await say(root, "cancel")).toMatchObject({ exitCode: 1 });
    expect(existsSync(alive)).toBe(true);
    expect(await say(root, "cancel", "--force")).toMatchObject({ exitCode: 0 });
    expect(existsSync(alive)).toBe(false);
  });
});

describe("preview --diff", () => {
  it("shows every input of what would be made, no secret, and changes nothing", async () => {
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    const project = new TestProject();
    try {
      project.useSandbox(sandbox.url);
      project.write("agents/writer.yaml", outsideAgent("Writer", "http://127.0.0.1:9"));
      const { exitCode, stdout } = await say(project.root, "preview", "--diff");
      expect(stdout).toContain("masumi:AgentRegistration: (create)");
      expect(stdout).toMatch(/^ +name: +"Writer"$/mu);
      expect(stdout).not.toContain("sandbox-pay-key");
      expect(exitCode).toBe(0);
      const after = await say(project.root, "stack", "export");
      expect(JSON.parse(after.stdout)).not.toHaveProperty("deployment.resources");
    } finally {
      await project.dispose();
      await sandbox.close();
    }
  });
});
