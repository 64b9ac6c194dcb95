/**
 * `npm test`: every check of the project, TypeScript and Python, each a step with its own line in the summary.
 * `npm run lint` runs the same without the test suites. Exit code 1 when any step fails.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePythonEnvironment } from "../providers/crew-process/local/index.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const tool = (name: string) => join(root, "node_modules", ".bin", name);
const onlyLint = process.argv[2] === "lint";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Show the output as it comes; else only when the step fails. */
  readonly live?: boolean;
}

interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

function run({ name, command, cwd = root, live = false }: Step): Promise<Outcome> {
  const [executable = "", ...args] = command;
  const started = performance.now();
  return new Promise((done) => {
    const child = spawn(executable, args, { cwd, stdio: live ? "inherit" : ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const end = (ok: boolean) => {
      if (!ok && output) process.stdout.write(`\n── ${name}\n${output}\n`);
      done({ name, ok, seconds: (performance.now() - started) / 1000 });
    };
    child.once("error", (error) => {
      output += error.message;
      end(false);
    });
    child.once("exit", (code) => end(code === 0));
  });
}

async function inTurn(steps: readonly Step[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of steps) outcomes.push(await run(step));
  return outcomes;
}

const crew = join(root, "crew");
const { venv } = await ensurePythonEnvironment({
  crewFolder: crew,
  venv: join(root, ".masumi", "venv"),
  dev: true,
  onProgress: (message) => console.error(message),
});
const python = (name: string) => join(venv, "bin", name);

/** A linter of test/workflows/uv.lock, which holds them by hash; installed on first use. */
const workflowLinter = (name: string, ...args: string[]): Step => {
  const environment = ["--frozen", "--project", join(root, "test/workflows"), "--python", python("python")];
  return {
    name: `workflows (${name})`,
    command: [python("uv"), "--system-certs", "run", "--quiet", ...environment, name, ...args],
  };
};

const checks: Step[] = [
  { name: "format (prettier)", command: [tool("prettier"), "--check", "--log-level=warn", "."] },
  {
    name: "lint and types (oxlint)",
    command: [tool("oxlint"), "--type-aware", "--type-check", "--deny-warnings"],
  },
  { name: "page types (tsc)", command: [tool("tsc"), "-p", "portal/page"] },
  workflowLinter("actionlint", ...globSync(".github/workflows/*.yml", { cwd: root })),
  workflowLinter("zizmor", "--offline", "--persona=pedantic", "--no-progress", ".github"),
  { name: "python format (ruff)", command: [python("ruff"), "format", "--check", "."], cwd: crew },
  { name: "python lint (ruff)", command: [python("ruff"), "check", "."], cwd: crew },
  { name: "python types (mypy)", command: [python("mypy")], cwd: crew },
];
const pythonTests: Step = { name: "python tests (pytest)", command: [python("pytest"), "-q"], cwd: crew };
const vitest = (name: string, ...args: string[]): Step => ({
  name,
  command: [process.execPath, tool("vitest"), "run", ...args],
  live: true,
});
const tests = vitest("tests (vitest)", "--exclude=test/cloud/**");
// One story after the other, since they build the same images; and late, when the machine has less to do.
const stories = vitest("stories on containers (vitest)", "--no-file-parallelism", "test/cloud");

// The suites wait for processes and clocks more than they compute, so the checks fit beside them.
const lanes = onlyLint ? [inTurn(checks)] : [inTurn([tests]), inTurn([...checks, pythonTests, stories])];
const outcomes = (await Promise.all(lanes)).flat();

console.log();
for (const { name, ok, seconds } of outcomes)
  console.log(`${ok ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`);
const failed = outcomes.filter(({ ok }) => !ok).length;
console.log(`\n${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
