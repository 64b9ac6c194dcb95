/**
 * `npm test`: every check of the project, TypeScript and Python, each a step with its own line in the summary, below the files of tests that
 * took longest and above the tests that failed. `npm run lint` runs the same without the test suites. Exit code 1 when any step fails.
 */
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePythonEnvironment } from "../providers/crew-process/local/index.ts";
import { junitReport } from "./helpers/reports.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const tool = (name: string) => join(root, "node_modules", ".bin", name);
const onlyLint = process.argv[2] === "lint";
/** How many files of tests are listed with their times. */
const SHOWN = 25;

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
  /** Seconds after the first step began. */
  readonly began: number;
  readonly seconds: number;
}

const secondsNow = (): number => performance.now() / 1000;

function run({ name, command, cwd = root, live = false }: Step): Promise<Outcome> {
  const [executable = "", ...args] = command;
  const started = secondsNow();
  return new Promise((done) => {
    const child = spawn(executable, args, { cwd, stdio: live ? "inherit" : ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const end = (ok: boolean) => {
      if (!ok && output) process.stdout.write(`\n── ${name}\n${output}\n`);
      done({ name, ok, began: started - begun, seconds: secondsNow() - started });
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
  workflowLinter("zizmor", "--offline", "--persona=pedantic", "--no-progress", ".github", "action.yml"),
  { name: "python format (ruff)", command: [python("ruff"), "format", "--check", "."], cwd: crew },
  { name: "python lint (ruff)", command: [python("ruff"), "check", "."], cwd: crew },
  { name: "python types (mypy)", command: [python("mypy")], cwd: crew },
];
const reports = mkdtempSync(join(tmpdir(), "masumi-agents-times-"));
const REPORTS = ["--reporter=default", "--reporter=junit"];
const report = (name: string) => join(reports, name);
const vitest = (name: string, to: string, ...args: string[]): Step => ({
  name,
  command: [process.execPath, tool("vitest"), "run", ...REPORTS, `--outputFile.junit=${to}`, ...args],
  live: true,
});
const tests = vitest("tests (vitest)", report("tests.xml"), "--project=!stories");
const pythonTests: Step = {
  name: "python tests (pytest)",
  command: [python("pytest"), "-q", `--junit-xml=${report("pytest.xml")}`],
  cwd: crew,
};
const stories = vitest("stories on containers (vitest)", report("stories.xml"), "--project=stories");

// What runs one thing after the other begins at once, and the suite that has workers for every core ends last. The stories wait for
// containers more than they compute, so the checks come after them.
const begun = secondsNow();
const lanes = onlyLint
  ? [inTurn(checks)]
  : [inTurn([tests]), inTurn([pythonTests]), inTurn([stories, ...checks])];
const outcomes = (await Promise.all(lanes)).flat();

const suites = ["tests.xml", "stories.xml", "pytest.xml"].map((name) => junitReport(report(name)));
const files = suites.flatMap(({ times }) => times);
rmSync(reports, { recursive: true });
if (files.length > 0) console.log(`\nThe files of tests that took longest, in seconds:`);
for (const { file, seconds } of files.toSorted((one, other) => other.seconds - one.seconds).slice(0, SHOWN)) {
  console.log(`${seconds.toFixed(1).padStart(7)} ${file}`);
}

console.log("\nThe steps, when each began and what it took, in seconds:");
for (const { name, ok, began, seconds } of outcomes) {
  const times = `${began.toFixed(0).padStart(5)} ${seconds.toFixed(1).padStart(7)}`;
  console.log(`${ok ? "ok  " : "FAIL"} ${times} ${name}`);
}
const failed = outcomes.filter(({ ok }) => !ok).length;
console.log(
  `\n${outcomes.length - failed} passed, ${failed} failed, in ${((secondsNow() - begun) / 60).toFixed(1)} min`,
);
// Last, since the end of a log is what is read first.
for (const { file, test, message } of suites.flatMap(({ failures }) => failures)) {
  console.log(`FAIL ${file}: ${test}\n     ${message.slice(0, 300)}`);
}
process.exitCode = failed === 0 ? 0 : 1;
