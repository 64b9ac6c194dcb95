import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type CliResult, repository } from "../helpers/project.ts";

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": boolean;
}

export interface Job {
  readonly name: string;
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly "runs-on": string;
  readonly "timeout-minutes": number;
  readonly permissions: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly concurrency?: Concurrency;
  readonly env?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: Concurrency;
  readonly defaults: { readonly run: { readonly shell: string } };
  readonly jobs: Readonly<Record<string, Job>>;
}

export const WORKFLOWS = ["preview", "deploy", "drift", "fleets", "supply", "test", "release"] as const;
export type WorkflowName = (typeof WORKFLOWS)[number];

export const workflowText = (name: WorkflowName): string =>
  readFileSync(join(repository, `.github/workflows/${name}.yml`), "utf8");

export const readWorkflow = (name: WorkflowName): Workflow => parse(workflowText(name)) as Workflow;

/** Every job of every workflow, as `deploy/up-mainnet`. */
export const allJobs = (): [string, Job][] =>
  WORKFLOWS.flatMap((name) =>
    Object.entries(readWorkflow(name).jobs).map(([id, job]): [string, Job] => [`${name}/${id}`, job]),
  );

export function findStep(job: Job | undefined, id: string): Step {
  const step = job?.steps.find((candidate) => candidate.id === id);
  if (!step) throw new Error(`no step has the id ${id}`);
  return step;
}

/** The shell part of a step, found by its id. */
export function scriptOf(workflow: WorkflowName, job: string, id: string): string {
  const { run } = findStep(readWorkflow(workflow).jobs[job], id);
  if (!run) throw new Error(`step ${id} of ${workflow}/${job} runs nothing`);
  return run;
}

/** What a runner makes of a step's output: the log that is left, and the commands that it obeys. */
function asRunner(output: string): { log: string; commands: string[] } {
  let stopped: string | undefined;
  const log: string[] = [];
  const commands: string[] = [];
  for (const line of output.split("\n")) {
    const [, stop] = /^::stop-commands::(.+)$/.exec(line) ?? [];
    if (stopped === undefined && stop !== undefined) stopped = stop;
    else if (stopped !== undefined && line === `::${stopped}::`) stopped = undefined;
    else {
      log.push(line);
      if (stopped === undefined && /^(::|##\[)/.test(line)) commands.push(line);
    }
  }
  return { log: log.join("\n"), commands };
}

export interface StepResult extends CliResult {
  /** What the runner was told to do by what the step printed. */
  readonly commands: readonly string[];
}

/** Runs a step's script as a runner does: `shell: bash`. */
export function runScript(script: string, cwd: string, env: Record<string, string>): Promise<StepResult> {
  return new Promise((done, failed) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 50_000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", failed);
    child.once("close", (exitCode) => {
      const { log, commands } = asRunner(stdout);
      done({ exitCode, stdout: log, stderr, commands });
    });
  });
}

/** What a step wrote into the file behind GITHUB_OUTPUT. */
export function readOutputs(file: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = readFileSync(file, "utf8").split("\n");
  for (let at = 0; at < lines.length; at++) {
    const [, name = "", mark = "", rest = ""] = /^(\w+)(=|<<)(.*)$/.exec(lines[at] ?? "") ?? [];
    if (mark === "=") outputs[name] = rest;
    if (mark !== "<<") continue;
    const end = lines.indexOf(rest, at + 1);
    if (end < 0) throw new Error(`the output ${name} has no end`);
    outputs[name] = lines.slice(at + 1, end).join("\n");
    at = end;
  }
  return outputs;
}
