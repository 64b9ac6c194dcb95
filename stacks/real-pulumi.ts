import { type ChildProcess, type StdioOptions, spawn, spawnSync } from "node:child_process";
import { parallelSteps } from "./agents.ts";
import type { CallOptions, Environment, Project } from "./project.ts";
import { UserError } from "./user-error.ts";

/** A piece of what the real Pulumi CLI prints. */
export interface PulumiOutput {
  readonly kind: "output";
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export interface PulumiOptions extends CallOptions {
  /** The number of agents that the run may have to wait for. */
  readonly agents?: number;
  /** Takes what the CLI prints; "inherit" hands the CLI the terminal of this process instead. */
  readonly output: "inherit" | ((output: PulumiOutput) => void);
}

/** The Pulumi CLI on PATH, else the one that npx fetches. */
function start(project: Project, words: readonly string[], stdio: StdioOptions, env: Environment) {
  const isInstalled = spawnSync("pulumi", ["version"], { stdio: "ignore", env }).status === 0;
  const [command, first] = isInstalled ? ["pulumi", []] : ["npx", ["pulumi"]];
  return spawn(command, [...first, ...words], { cwd: project.root, stdio, env });
}

/** Waits until the CLI has ended. Aborting interrupts it as ^C does: steps under way finish, and the state is saved. */
function exitCodeOf(child: ChildProcess, signal: AbortSignal | undefined): Promise<number> {
  const interrupt = () => void child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt, { once: true });
  return new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done(code ?? 1));
  }).finally(() => signal?.removeEventListener("abort", interrupt));
}

/** Run the real Pulumi CLI with these words, and return its exit code. */
export async function runRealPulumi(
  project: Project,
  words: readonly string[],
  { env, signal, agents = 0, output }: PulumiOptions,
): Promise<number> {
  signal?.throwIfAborted();
  const parallel = env["PULUMI_PARALLEL"] ?? String(parallelSteps(agents));
  const stdio: StdioOptions = output === "inherit" ? "inherit" : ["ignore", "pipe", "pipe"];
  const child = start(project, words, stdio, { ...env, PULUMI_PARALLEL: parallel });
  if (output !== "inherit") {
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]
        ?.setEncoding("utf8")
        .on("data", (text: string) => output({ kind: "output", stream, text }));
    }
  }
  return exitCodeOf(child, signal);
}

/**
 * Return what the real Pulumi CLI prints on stdout.
 *
 * @throws UserError with what it says and `failure`, when it fails
 */
export async function askRealPulumi(
  project: Project,
  words: readonly string[],
  failure: string,
  options: CallOptions,
): Promise<string> {
  const printed = { stdout: "", stderr: "" };
  const output = ({ stream, text }: PulumiOutput) => void (printed[stream] += text);
  const exitCode = await runRealPulumi(project, words, { ...options, output });
  options.signal?.throwIfAborted();
  if (exitCode !== 0) throw new UserError(`${printed.stderr}${failure}`);
  return printed.stdout;
}
