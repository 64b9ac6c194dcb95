import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import axios, { isAxiosError } from "axios";
import { isFree } from "./port.ts";
import type { Project } from "./project.ts";
import { UserError } from "./user-error.ts";

export const SANDBOX_PORT = 4801;
const STARTS_WITHIN_MS = 20_000;
const main = resolve(fileURLToPath(import.meta.url), "../../local/sandbox/main.ts");

/** What a sandbox is started with. */
export interface SandboxOptions {
  /** How many times faster than the real chain; "instant" confirms everything at once. */
  readonly chainSpeed: string;
  readonly port?: number;
  readonly world?: string;
  readonly fault?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface RunningSandbox {
  readonly pid: number;
  readonly url: string;
}

const infoFile = (project: Project) => join(project.sandbox, "sandbox.json");

async function answers(url: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await axios.get(`${url}/sandbox/status`, { timeout: 2_000, proxy: false, ...(signal ? { signal } : {}) });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (isAxiosError(error)) return false;
    throw error;
  }
}

function recorded(project: Project): RunningSandbox | undefined {
  try {
    return JSON.parse(readFileSync(infoFile(project), "utf8")) as RunningSandbox;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Return this project's sandbox, if it answers. */
export async function findSandbox(
  project: Project,
  signal?: AbortSignal,
): Promise<RunningSandbox | undefined> {
  const known = recorded(project);
  return known && (await answers(known.url, signal)) ? known : undefined;
}

export const sandboxIsMissing = () =>
  new UserError("The sandbox of this project is not running. Start it with: npx masumi-agents sandbox");

/** The port of the last sandbox, as the state remembers its URL; else the default; else the next free one. */
async function choosePort(project: Project, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) return wanted;
  const last = recorded(project);
  if (last) return Number(new URL(last.url).port);
  for (let port = SANDBOX_PORT; port < SANDBOX_PORT + 100; port++) {
    if (await isFree(port)) return port;
  }
  throw new UserError(`No free port from ${SANDBOX_PORT} on. Name one with --port.`);
}

/**
 * Start the sandbox as a process of its own that stays up, and return it when it answers.
 *
 * @throws UserError when its port is taken, or it does not answer in time
 */
export async function startSandboxProcess(
  project: Project,
  options: SandboxOptions,
): Promise<RunningSandbox> {
  mkdirSync(project.sandbox, { recursive: true });
  const port = await choosePort(project, options.port);
  if (!(await isFree(port)))
    throw new UserError(`Port ${port} is used by another program. Name another with --port.`);
  const logFile = join(project.sandbox, "sandbox.log");
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, argumentsOf(project, port, options), {
    cwd: project.root,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const ended = new AbortController();
  child.once("exit", () => ended.abort());
  child.unref();

  const over = AbortSignal.any([ended.signal, AbortSignal.timeout(STARTS_WITHIN_MS)]);
  while (!over.aborted) {
    options.signal?.throwIfAborted();
    const running = recorded(project);
    if (running?.pid === child.pid && running && (await answers(running.url, options.signal))) return running;
    await sleep(100);
  }
  throw new UserError(`The sandbox did not start on port ${port}. See ${logFile}.`);
}

function argumentsOf(project: Project, port: number, options: SandboxOptions): string[] {
  const words = [main, "--port", String(port), "--db", join(project.sandbox, "sandbox.sqlite")];
  words.push("--info", infoFile(project), "--chain-speed", options.chainSpeed);
  if (options.world) words.push("--world", resolve(options.world));
  for (const fault of options.fault ?? []) words.push("--fault", fault);
  return words;
}

/** End this project's sandbox, and return false when none runs. Its database stays. */
export async function stopSandbox(project: Project): Promise<boolean> {
  const running = await findSandbox(project);
  if (!running) return false;
  await axios.post(`${running.url}/sandbox/shutdown`, {}, { timeout: 5_000, proxy: false });
  return true;
}
