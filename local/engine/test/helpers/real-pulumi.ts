import { spawn } from "node:child_process";
import { accessSync, constants, writeFileSync } from "node:fs";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Outcome, type Suite, SuiteRun } from "./suite.ts";

const ARGUMENTS = {
  up: ["up", "--yes", "--skip-preview"],
  preview: ["preview"],
  refresh: ["refresh", "--yes", "--skip-preview"],
  destroy: ["destroy", "--yes", "--skip-preview"],
};

/** The Pulumi CLI on PATH; the npm package of that name is a launcher that would fetch one, so it does not count. */
export function findPulumi(path = process.env["PATH"] ?? ""): string | undefined {
  const executable = (file: string): boolean => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return path
    .split(delimiter)
    .filter((folder) => folder !== "" && !folder.includes("node_modules"))
    .map((folder) => join(folder, "pulumi"))
    .find(executable);
}

/** Runs the CLI with a state folder and a home of its own. Returns the exit code; what it prints goes to `output`. */
export async function runPulumi(
  pulumi: string,
  args: readonly string[],
  options: {
    readonly folder: string;
    readonly stateRoot: string;
    readonly env: Readonly<Record<string, string>>;
  },
  output: (text: string) => void = () => undefined,
): Promise<number> {
  const home = join(options.folder, "pulumi-home");
  await mkdir(home, { recursive: true });
  const child = spawn(pulumi, [...args, "--non-interactive"], {
    cwd: options.folder,
    env: {
      ...process.env,
      ...options.env,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${options.stateRoot}`,
      PULUMI_CONFIG_PASSPHRASE: "x",
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (data: Buffer) => output(data.toString()));
  child.stderr.on("data", (data: Buffer) => output(data.toString()));
  await once(child, "close");
  return child.exitCode ?? 1;
}

/** Runs every step of a suite on the real CLI. */
export async function record(pulumi: string, suite: Suite): Promise<Outcome[]> {
  const run = await SuiteRun.start(suite, 0);
  // The program must run on this Node, not on whichever comes first on PATH.
  const path = [join(process.execPath, ".."), run.env["PATH"] ?? ""].join(delimiter);
  writeFileSync(join(run.folder, "Pulumi.dev.yaml"), "");
  const outcomes: Outcome[] = [];
  for (const index of suite.steps.keys()) {
    outcomes.push(
      await run.step(index, async ({ op, targets = [], targetDependents = false }, stepEnv) => {
        const options = { folder: run.folder, stateRoot: run.stateRoot, env: { ...stepEnv, PATH: path } };
        if (index === 0) {
          // The step's configuration is there by now, so the stack keeps the salt of the fixture.
          const made = await runPulumi(pulumi, ["stack", "init", "dev"], options, console.error);
          if (made !== 0) throw new Error("pulumi stack init failed");
        }
        const limits = targets.flatMap((target) => ["--target", target]);
        if (targetDependents) limits.push("--target-dependents");
        return runPulumi(pulumi, [...ARGUMENTS[op], ...limits, "--stack", "dev", "--parallel", "1"], options);
      }),
    );
  }
  return outcomes;
}
