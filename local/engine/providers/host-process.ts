import { once } from "node:events";
import { EngineError } from "../errors.ts";
import { type Child, pipeTo, readLines, startChild } from "../processes.ts";
import type { Calls } from "../rpc/calls.cjs";
import { type EngineServices, servePipe } from "../rpc/service.ts";
import type { Launch } from "./launch.ts";

export interface HostProcessOptions {
  readonly launch: Launch;
  /** What the engine does for it. */
  readonly services: EngineServices;
  /** Where it reaches the engine if there is no pipe between them. */
  readonly engineAddress: () => Promise<string>;
  /** Ends the wait for a process that does not come up. */
  readonly signal: AbortSignal;
  /** A line that the process printed. `trace`: it belongs to the stack of an error that is reported under its resource anyway. */
  readonly output: (line: string, trace: boolean) => void;
}

/** A process that serves a provider. */
export interface HostProcess {
  readonly name: string;
  readonly child: Child;
  /** The engine's address for it, which is the last of its arguments. */
  readonly engineAddress: string;
  /** Where it answers: the pipe to it, or gRPC's address. */
  readonly place: Calls | string;
  /** The last lines that it printed: all there is to say about a crash. */
  readonly lastLines: readonly string[];
}

/** The SDK prints the errors of some methods itself, as `<error>: <error with its stack>`. */
const TRACE = /^\s+at |^(?<error>.+): \k<error>$/u;

const START_TIMEOUT_MILLISECONDS = 60_000;
const LAST_LINES = 20;

/**
 * Starts the process that serves a provider. The first line of its standard output is its port on 127.0.0.1; everything after that is
 * the provider code's own output.
 * @throws EngineError PROVIDER_START
 */
export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  const { launch, signal } = options;
  const engineAddress = launch.piped ? options.services.pipe : await options.engineAddress();
  const child = startChild(launch.command, [...launch.args, engineAddress], {
    cwd: launch.cwd,
    env: launch.env,
    stdio: ["pipe", "pipe", "pipe", ...(launch.piped ? (["pipe"] as const) : [])],
    wholeGroup: launch.wholeGroup,
  });
  const calls = launch.piped ? servePipe(pipeTo(child), options.services) : undefined;
  const firstLine = new AbortController();
  let first: string | undefined;
  const lastLines: string[] = [];
  const print = (line: string, trace: boolean): void => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    options.output(line, trace);
  };
  void readLines(child.process.stdout, (line) => {
    if (first !== undefined) return print(line, false);
    first = line.trim();
    return firstLine.abort();
  });
  void readLines(child.process.stderr, (line) => {
    if (first === undefined) lastLines.push(line);
    else print(line, TRACE.test(line));
  });

  const timeout = AbortSignal.timeout(START_TIMEOUT_MILLISECONDS);
  await Promise.race([aborted(firstLine.signal), aborted(timeout), aborted(signal), child.exited]);
  const port = Number(first);
  if (first !== undefined && Number.isInteger(port) && port > 0) {
    return { name: launch.name, child, engineAddress, place: calls ?? `127.0.0.1:${port}`, lastLines };
  }
  await child.stop(0);
  const reason = signal.aborted
    ? "the run was cancelled"
    : timeout.aborted
      ? `no port after ${START_TIMEOUT_MILLISECONDS / 1000} s`
      : first === undefined
        ? `it exited (${await child.exited}) before it reported a port`
        : `it printed "${first}", not a port`;
  throw new EngineError(
    "PROVIDER_START",
    [`The ${launch.name} (${launch.command}) did not start: ${reason}.`, ...lastLines].join("\n"),
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
