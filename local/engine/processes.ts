import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import type { Readable } from "node:stream";

/** A child process that cannot outlive this one unnoticed: it is ended when the engine's process exits in an ordinary way. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when the process and its output have ended: exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  stop(graceMilliseconds: number): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startChild(command: string, args: readonly string[], options: SpawnOptions): Child {
  // In a process group of its own: a ^C at the terminal goes to the whole group of the engine, and would cut off the very operations that
  // the engine wants to finish.
  const child = spawn(command, args, { ...options, detached: true });
  running.add(child);
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
  return { process: child, exited, stop: (grace) => stop(child, exited, grace) };
}

async function stop(child: ChildProcess, exited: Promise<unknown>, grace: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), grace);
  await exited;
  clearTimeout(timer);
}

/** Calls `line` for every line of a stream; resolves at its end. */
export async function readLines(stream: Readable | null, line: (text: string) => void): Promise<void> {
  if (stream === null) return;
  const reader = createInterface({ input: stream, crlfDelay: Infinity });
  reader.on("line", line);
  await once(reader, "close");
}
