import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";

/** A child process that cannot outlive this one unnoticed: it is ended when the engine's process exits in an ordinary way. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when the process and its output have ended: exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  stop(graceMilliseconds: number): Promise<void>;
}

export interface ChildOptions extends SpawnOptions {
  /** Ending the process ends those that it started too: a plugin may be a script around the real one. */
  readonly wholeGroup?: boolean;
}

const running = new Map<ChildProcess, boolean>();
process.on("exit", () => {
  for (const [child, wholeGroup] of running) kill(child, "SIGKILL", wholeGroup);
});

export function startChild(
  command: string,
  args: readonly string[],
  { wholeGroup = false, ...options }: ChildOptions,
): Child {
  // In a process group of its own: a ^C at the terminal goes to the whole group of the engine, and would cut off the very operations that
  // the engine wants to finish.
  const child = spawn(command, args, { ...options, detached: true });
  running.set(child, wholeGroup);
  const exited = new Promise<number | string>((resolve) => {
    child.once("error", (error) => {
      running.delete(child);
      resolve(error.message);
    });
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? "unknown");
    });
  });
  return { process: child, exited, stop: (grace) => stop(child, exited, grace, wholeGroup) };
}

/** The pipe that is the process's fourth file; it was started with one. */
export const pipeTo = ({ process }: Child): Duplex => process.stdio[3] as Duplex;

async function stop(
  child: ChildProcess,
  exited: Promise<unknown>,
  grace: number,
  wholeGroup: boolean,
): Promise<void> {
  // With a group, the process itself may have ended while one that it started lives on, and holds its output open.
  if (wholeGroup ? !running.has(child) : child.exitCode !== null || child.signalCode !== null) return;
  kill(child, "SIGTERM", wholeGroup);
  const timer = setTimeout(() => kill(child, "SIGKILL", wholeGroup), grace);
  await exited;
  clearTimeout(timer);
}

function kill(child: ChildProcess, signal: NodeJS.Signals, wholeGroup: boolean): void {
  if (!wholeGroup || child.pid === undefined) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Calls `line` for every line of a stream; resolves at its end. */
export async function readLines(stream: Readable | null, line: (text: string) => void): Promise<void> {
  if (stream === null) return;
  const reader = createInterface({ input: stream, crlfDelay: Infinity });
  reader.on("line", line);
  await once(reader, "close");
}
