import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, delimiter, join } from "node:path";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complaintAbout } from "../../cli/before-install.js";
import { commandWordsJson } from "../../cli/command-words.ts";
import { repository } from "../helpers/project.ts";

/** A clone in which nothing is installed, and a program on PATH that stands for npm: it says that it began, and waits. */
let clone: string;
const children: ChildProcess[] = [];
const began = () => join(clone, "npm-began");
const env = () => ({
  ...process.env,
  npm_execpath: "",
  NODE_NO_WARNINGS: "1",
  PATH: `${join(clone, "bin")}${delimiter}${process.env["PATH"]}`,
});

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "fresh-clone-"));
  for (const part of [
    "cli",
    "stacks",
    "buyer",
    "infra",
    "providers",
    "local",
    "package.json",
    "package-lock.json",
  ]) {
    cpSync(join(repository, part), join(clone, part), { recursive: true });
  }
  mkdirSync(join(clone, "bin"));
  writeFileSync(join(clone, "bin/npm"), `#!/bin/sh\nsleep 600 &\necho $! > "${began()}"\nwait\n`);
  chmodSync(join(clone, "bin/npm"), 0o755);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(clone, { recursive: true });
});

const run = (words: string[], more: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(clone, "cli/masumi-agents.js"), ...words], {
    cwd: clone,
    env: { ...env(), ...more },
    encoding: "utf8",
    timeout: 30_000,
  });

describe("in a fresh clone", () => {
  it.each([
    [["up", "--bogus"], /unknown option '--bogus'/],
    [["upp"], /unknown command 'upp'. There are: init, new, demo, portal, try, eval, validate/],
  ])("%j is refused before anything is installed", (words, message) => {
    const { status, stderr } = run(words);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("Installing");
    expect(status).toBe(1);
    expect(existsSync(began())).toBe(false);
  });

  it("a refusal is an object on stdout with --json, as of any other command", () => {
    const { stdout, stderr } = run(["upp", "--json"]);
    const { code, problems } = JSON.parse(stdout) as { code: null; problems: string[] };
    expect({ code, problems: problems.map((problem) => `error: ${problem}\n`) }).toEqual({
      code: null,
      problems: [stderr],
    });
  });

  it.each(["demo", "up"])("a missing Python is told by %s before anything is installed", (word) => {
    mkdirSync(join(clone, "agents"));
    writeFileSync(join(clone, "agents/writer.yaml"), "name: Writer\ncrew: {}\n");
    const { status, stderr } = run([word], { MASUMI_PYTHON: "/nowhere/python" });
    expect(stderr).toMatch(/^CREW_PYTHON_MISSING: .*tried \/nowhere\/python.*\n.*apt install/);
    expect(status).toBe(1);
    expect(existsSync(began())).toBe(false);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends the installation with all that it started",
    async (signal) => {
      const child = spawn(process.execPath, [join(clone, "cli/masumi-agents.js"), "validate"], {
        cwd: clone,
        env: env(),
        stdio: ["ignore", "ignore", "pipe"],
      });
      children.push(child);
      await expect.poll(() => existsSync(began()) && readFileSync(began(), "utf8")).toBeTruthy();
      child.kill(signal);
      const [code] = (await once(child, "exit")) as [number];
      expect(code).toBe(130);
      const started = Number(readFileSync(began(), "utf8"));
      const state = () =>
        spawnSync("ps", ["-o", "stat=", "-p", String(started)], { encoding: "utf8" }).stdout;
      await expect.poll(state).toMatch(/^Z|^$/);
    },
  );

  it("an npm that goes on after SIGTERM has ended when the command has", async () => {
    // As npm does while it unpacks. Two npm at work in one node_modules break it for each other.
    writeFileSync(
      join(clone, "bin/npm"),
      `#!/bin/sh\ntrap '' TERM\necho $$ > "${began()}"\nwhile :; do sleep 0.1; done\n`,
    );
    const child = spawn(process.execPath, [join(clone, "cli/masumi-agents.js"), "validate"], {
      cwd: clone,
      env: env(),
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.push(child);
    await expect.poll(() => existsSync(began()) && readFileSync(began(), "utf8")).toBeTruthy();
    child.kill("SIGTERM");
    await once(child, "exit");
    const npm = readFileSync(began(), "utf8").trim();
    const state = spawnSync("ps", ["-o", "stat=", "-p", npm], { encoding: "utf8" }).stdout;
    if (!/^Z|^$/.test(state)) process.kill(-Number(npm), "SIGKILL");
    expect(state).toMatch(/^Z|^$/);
  }, 20_000);
});

describe("words that are judged before anything is installed", () => {
  it.each([
    ["up"],
    ["up --stack preprod --target urn:x --bogus"],
    ["-C .. plan --json"],
    ["config set --secret masumi:apiKey -key"],
    ["hire writer -i topic=x --max-price 5USDM --stack=local"],
    ["sandbox stop"],
    ["stack output agents --json"],
    ["--help"],
    ["state unprotect urn:pulumi:local::x --all"],
    ["hire writer -- --bogus"],
  ])("%s is none of its business", (words) => {
    expect(complaintAbout(words.split(" "))).toBeUndefined();
  });

  it("are those of the table of commands", () => {
    const kept = readFileSync(join(repository, "cli/command-words.json"), "utf8");
    expect(kept, "npm run words").toBe(commandWordsJson());
  });

  it("are read by any Node, without a package", () => {
    const importedBy = (file: string) =>
      [...readFileSync(file, "utf8").matchAll(/^import [^;]*?from "([^"]+)";/gms)].map(
        ([, path = ""]) => path,
      );
    const first = join(repository, "cli/before-install.js");
    const own = importedBy(first).filter((path) => path.startsWith("."));
    expect(own.every((path) => path.endsWith(".js"))).toBe(true);
    const imported = [first, ...own.map((path) => join(dirname(first), path))].flatMap(importedBy);
    expect(imported.length).toBeGreaterThan(0);
    for (const path of imported) expect(path).toMatch(/^(node:|\.)/);
  });
});
