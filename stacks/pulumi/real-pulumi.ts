import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { parallelSteps } from "../agents.ts";
import { type CallOptions, type Project, requireStackFile, stackFile } from "../project.ts";
import { environmentOf, requirePulumiCli, versionNotice } from "./pulumi-cli.ts";
import { UserError } from "../user-error.ts";

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
  /** Takes what is to be known of the CLI itself: another version than the tested one, a download. */
  readonly onNotice?: (line: string) => void;
  /** Takes the CLI's process, to send it signals of its own. */
  readonly onStart?: (child: ChildProcess) => void;
}

/**
 * Waits until the CLI has ended. Aborting interrupts it as ^C does: steps under way finish, and the state is saved. The CLI has a process
 * group of its own, so that it gets that once: what goes to our whole group, such as ^C, would come to it beside what is sent on.
 */
function exitCodeOf(child: ChildProcess, signal: AbortSignal | undefined): Promise<number> {
  const interrupt = () => void child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt, { once: true });
  return new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done(code ?? 1));
  }).finally(() => signal?.removeEventListener("abort", interrupt));
}

/**
 * Run the real Pulumi CLI with these words, and return its exit code.
 *
 * @throws UserError when there is no CLI and none can be fetched
 */
export async function runRealPulumi(
  project: Project,
  words: readonly string[],
  { env, signal, agents = 0, output, onNotice = () => undefined, onStart }: PulumiOptions,
): Promise<number> {
  signal?.throwIfAborted();
  const cli = await requirePulumiCli(env, onNotice, signal);
  const notice = versionNotice(cli);
  if (notice) onNotice(notice);
  const parallel = env["PULUMI_PARALLEL"] ?? String(parallelSteps(agents));
  const stdio: StdioOptions = output === "inherit" ? "inherit" : ["ignore", "pipe", "pipe"];
  const child = spawn(cli.file, [...words], {
    cwd: project.root,
    stdio,
    env: { ...environmentOf(cli, env), PULUMI_PARALLEL: parallel },
    detached: true,
  });
  if (output !== "inherit") {
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]
        ?.setEncoding("utf8")
        .on("data", (text: string) => output({ kind: "output", stream, text }));
    }
  }
  onStart?.(child);
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

const isThere = (error: unknown): boolean =>
  error instanceof UserError && /already exists/.test(error.message);

/**
 * Make a stack in the backend, unless it is there. Its file must be: settings and what they are encrypted with stay as they are in it.
 *
 * @throws UserError with what the CLI says
 */
export async function makeRealStack(project: Project, stack: string, options: CallOptions): Promise<void> {
  requireStackFile(project, stack);
  const { secretsprovider } = z
    .object({ secretsprovider: z.string().optional() })
    .parse(parse(readFileSync(stackFile(project, stack), "utf8")) ?? {});
  const words = ["stack", "init", stack, "--no-select", "--non-interactive"];
  if (secretsprovider !== undefined) words.push("--secrets-provider", secretsprovider);
  try {
    await askRealPulumi(project, words, `The stack ${stack} could not be made.`, options);
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}
