import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { KEPT_JAVASCRIPT_FLAGS } from "../../local/engine/preload/index.ts";
import { crewFolder, crewVenv, ensurePythonEnvironment } from "../../providers/crew-process/local/index.ts";
import { type CrewInstance, stopCrew } from "../../providers/crew-process/local/index.ts";

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Where `cli/launch.js` lets Node keep compiled code; a test that vitest runs alone would compile everything anew for each command. */
const NODE_COMPILE_CACHE = join(repository, "node_modules", ".cache", "node");

/** The crews' Python environment of this checkout; installed on first use. */
export const crewEnvironment = () =>
  ensurePythonEnvironment({ crewFolder: crewFolder(repository), venv: crewVenv(repository), dev: true });

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunStep {
  readonly op: string;
  readonly type: string;
  readonly name: string;
  readonly diff?: readonly string[];
}

export interface RunReport {
  readonly ok: boolean;
  readonly changes: Readonly<Record<string, number>>;
  readonly steps: readonly RunStep[];
  readonly outputs: { readonly agents?: { readonly agents: Record<string, AgentReport> } };
}

export interface AgentReport {
  readonly url: string;
  readonly state: string;
  readonly agentIdentifier: string;
  readonly txHash: string;
  readonly registrationId: string;
  readonly walletVkey: string;
}

/** A project folder of its own that uses this checkout's program, so that state, crews and agents are the test's alone. */
export class TestProject {
  readonly root = mkdtempSync(join(tmpdir(), "masumi-agents-test-"));
  /** Added to the environment of every command. */
  readonly env: Record<string, string> = {};
  readonly #started = new Set<ChildProcess>();

  constructor() {
    for (const part of ["providers", "crew", "library", "node_modules", "package.json"]) {
      symlinkSync(join(repository, part), join(this.root, part));
    }
    // A provider host works in the program's folder: through a link that would be this checkout's, with its ledger and notes.
    cpSync(join(repository, "infra"), join(this.root, "infra"), { recursive: true });
    cpSync(join(repository, "Pulumi.yaml"), join(this.root, "Pulumi.yaml"));
    mkdirSync(join(this.root, "agents"));
    mkdirSync(join(this.root, ".masumi"));
    symlinkSync(crewVenv(repository), join(this.root, ".masumi", "venv"));
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  remove(file: string): void {
    rmSync(this.path(file));
  }

  /** Makes the commands find a sandbox that the test itself runs. */
  useSandbox(url: string): void {
    this.write(".masumi/sandbox/sandbox.json", JSON.stringify({ pid: process.pid, url }));
  }

  /** Starts `masumi-agents` as a user would; `done` resolves when it ends. */
  start(...words: string[]): { readonly child: ChildProcess; readonly done: Promise<CliResult> } {
    return this.#start(this.root, ["--cwd", this.root, ...words]);
  }

  #start(
    cwd: string,
    words: readonly string[],
  ): { readonly child: ChildProcess; readonly done: Promise<CliResult> } {
    const main = join(repository, "cli/main.ts");
    const child = spawn(process.execPath, [...KEPT_JAVASCRIPT_FLAGS, main, ...words], {
      cwd,
      env: { NODE_COMPILE_CACHE, ...process.env, NODE_NO_WARNINGS: "1", CI: "true", ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#started.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const done = new Promise<CliResult>((resolved, failed) => {
      child.once("error", failed);
      child.once("close", (exitCode) => {
        this.#started.delete(child);
        resolved({ exitCode, stdout, stderr });
      });
    });
    return { child, done };
  }

  run(...words: string[]): Promise<CliResult> {
    return this.start(...words).done;
  }

  /** The same in a folder of the project. */
  runIn(folder: string, ...words: string[]): Promise<CliResult> {
    return this.#start(this.path(folder), words).done;
  }

  /** Runs an operation with --json and returns its report; fails with the command's own words when it did not succeed. */
  async report(...words: string[]): Promise<RunReport> {
    const { exitCode, stdout, stderr } = await this.run(...words, "--json");
    if (exitCode !== 0)
      throw new Error(`masumi-agents ${words.join(" ")} ended with ${exitCode}:\n${stderr}\n${stdout}`);
    return JSON.parse(stdout) as RunReport;
  }

  /** Ends what the test left running, crews included, and removes the folder. */
  async dispose(): Promise<void> {
    for (const child of this.#started) child.kill("SIGKILL");
    await stopCrews(this.root);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Ends all crews that stacks of a project have left running. */
export async function stopCrews(root: string): Promise<void> {
  for (const record of globSync(join(root, ".masumi/{,stacks/*/}crews/*/process.json"))) {
    await stopCrew(JSON.parse(readFileSync(record, "utf8")) as CrewInstance);
  }
}

/** The steps of a report that change something, as `op type name`, sorted. */
export function changes(report: RunReport): string[] {
  return report.steps
    .filter(({ op }) => op !== "same" && op !== "refresh" && op !== "read")
    .map(({ op, type, name }) => `${op} ${type.replace(/^.*[:/]/, "")} ${name}`)
    .toSorted();
}

/** Runs an operation twice, and returns what the first changed. @throws Error if the second changed anything */
export async function twice(project: TestProject, ...words: string[]): Promise<string[]> {
  const first = await project.report(...words);
  const again = changes(await project.report(...words));
  if (again.length > 0)
    throw new Error(`A second ${words[0]} is to plan nothing, but did: ${again.join(", ")}`);
  return changes(first);
}
