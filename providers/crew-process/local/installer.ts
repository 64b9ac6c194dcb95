import { spawn } from "node:child_process";
import { CrewProcessError } from "./errors.ts";

const INSTALL_TIMEOUT_MS = 15 * 60_000;
const KEPT = 100_000;
const SHOWN = 2000;

/** Runs a program, and ends it when the standard input ends: that of a child does, when its parent is gone. */
const UNTIL_INPUT_ENDS =
  'exec 3<&0; "$@" </dev/null & work=$!; { cat <&3 >/dev/null; kill "$work"; } 2>/dev/null & watch=$!; ' +
  'wait "$work"; code=$?; kill "$watch"; exit "$code"';

/** An installer failed: code CREW_INSTALL_FAILED. */
export class InstallerError extends CrewProcessError {
  /** What it wrote last, for whoever can explain it. */
  readonly said: string;

  constructor(what: string, reason: string, said: string) {
    super(
      "CREW_INSTALL_FAILED",
      `${what} failed (${reason}): ${said.slice(-SHOWN)}`,
      "Check that the Python package index can be reached, then run the command again.",
    );
    this.said = said;
  }
}

export interface InstallerOptions {
  readonly env: NodeJS.ProcessEnv;
  /** What it does, as the beginning of a sentence: `Installing the crew runtime's packages`. */
  readonly what: string;
  readonly cwd?: string;
}

/**
 * Runs an installer, which must not outlive this process, however that ends.
 *
 * @returns what it wrote to standard output
 * @throws InstallerError
 */
export function runInstaller(
  command: string,
  args: readonly string[],
  { env, what, cwd }: InstallerOptions,
): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn("sh", ["-c", UNTIL_INPUT_ENDS, "sh", command, ...args], {
      env,
      ...(cwd ? { cwd } : {}),
      stdio: ["pipe", "pipe", "pipe"],
      timeout: INSTALL_TIMEOUT_MS,
    });
    let output = "";
    let tail = "";
    child.stdout.on("data", (chunk: string) => (output += chunk));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => (tail = (tail + chunk).slice(-KEPT)));
    }
    const failed = (reason: string) => fail(new InstallerError(what, reason, tail.trim()));
    child.on("error", (error) => failed(error.message));
    child.on("close", (code, signal) => (code === 0 ? done(output) : failed(signal ?? `exit code ${code}`)));
  });
}
