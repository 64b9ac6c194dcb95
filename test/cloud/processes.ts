import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 100;
/** The emulator first stops its containers, each of which may take seconds. */
const END_MS = 120_000;

export interface ServerProcess {
  /** Waits until `look` gives something. @throws if that takes too long, or the process ends; it is gone then */
  up(what: string, ms: number, look: () => Promise<unknown>): Promise<void>;
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Gives it a process group of its own. */
  readonly detached?: boolean;
  /** What it says goes here. */
  readonly log: string;
}

/** Starts a program that serves until it is stopped. Its standard input ends when this process does, however that ends. */
export function startProcess({ command, args, log, ...options }: ServerOptions): ServerProcess {
  const output = openSync(log, "a");
  const child = spawn(command, args, { ...options, stdio: ["pipe", output, output] });
  closeSync(output);
  const ended = once(child, "close").catch((error: unknown) => error);
  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), END_MS);
    await ended;
    clearTimeout(late);
  }
  async function up(what: string, ms: number, look: () => Promise<unknown>): Promise<void> {
    const isUp = async () => (child.exitCode === null ? look() : "ended");
    try {
      const found = await until(what, ms, isUp);
      if (found === "ended") throw new Error(`${command} ended with ${child.exitCode} before ${what}`);
    } catch (error) {
      await stop();
      throw error;
    }
  }
  return { up, stop };
}

/**
 * Looks again and again until there is an answer.
 * @throws Error with the last failure, if there is none in time
 */
export async function until<T>(what: string, ms: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    let failure: unknown;
    const found = await look().catch((error: unknown) => {
      failure = error;
      return undefined;
    });
    if (found !== undefined) return found;
    if (Date.now() >= end) throw new Error(`waited ${ms / 1000} s in vain until ${what}`, { cause: failure });
    await sleep(PAUSE_MS);
  }
}
