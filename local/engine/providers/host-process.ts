import { once } from "node:events";
import { EngineError } from "../errors.ts";
import { type Child, readLines, startChild } from "../processes.ts";

export interface HostOptions {
  /** Absolute path of the script that serves the provider. */
  readonly script: string;
  /** Working directory: the program's, as provider code resolves its relative paths from there. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Address of the Engine service; argument 1 of the process. */
  readonly engineAddress: string;
  /** A line that the process printed. `trace`: it belongs to the stack of an error that is reported under its resource anyway. */
  readonly output: (line: string, trace: boolean) => void;
}

/** The SDK prints the errors of some methods itself, as `<error>: <error with its stack>`. */
const TRACE = /^\s+at |^(?<error>.+): \k<error>$/u;

const START_TIMEOUT_MILLISECONDS = 60_000;

/** A provider mostly waits, and may hold thousands of calls at once: its memory counts for more than its speed. */
const MEMORY_FLAGS = ["--max-semi-space-size=4", "--optimize-for-size"];

/**
 * Starts the process that serves a provider. The first line of its standard output is its port on 127.0.0.1; everything after that is
 * the provider code's own output.
 * @throws EngineError PROVIDER_START
 */
export async function startHostProcess(options: HostOptions): Promise<{ child: Child; port: number }> {
  const guard = new URL("guard.js", import.meta.url).href;
  const args = [...MEMORY_FLAGS, "--import", guard, options.script, options.engineAddress];
  const child = startChild(process.execPath, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const firstLine = new AbortController();
  let first: string | undefined;
  const complaints: string[] = [];
  void readLines(child.process.stdout, (line) => {
    if (first !== undefined) return options.output(line, false);
    first = line;
    return firstLine.abort();
  });
  void readLines(child.process.stderr, (line) =>
    first === undefined ? complaints.push(line) : options.output(line, TRACE.test(line)),
  );

  const timeout = AbortSignal.timeout(START_TIMEOUT_MILLISECONDS);
  await Promise.race([aborted(firstLine.signal), aborted(timeout), child.exited]);
  const port = Number(first);
  if (first !== undefined && Number.isInteger(port) && port > 0) return { child, port };
  await child.stop(0);
  const reason = timeout.aborted
    ? `no port after ${START_TIMEOUT_MILLISECONDS / 1000} s`
    : `it printed "${first ?? ""}", not a port`;
  throw new EngineError(
    "PROVIDER_START",
    [`The provider host ${options.script} did not start: ${reason}.`, ...complaints].join("\n"),
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
