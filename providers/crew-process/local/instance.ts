import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import axios, { isAxiosError } from "../../common/axios.ts";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { CrewProcessError } from "./errors.ts";
import { crewUrl, inCrewHomes } from "./paths.ts";

/* What is recorded of a crew that was started, and whether it still runs. */

/** The record of a running crew: enough to find it again, and to stop exactly this process. */
export interface CrewInstance {
  /** 0 in the record of a crew whose start was interrupted; its process is then found by `instance`. */
  readonly pid: number;
  readonly port: number;
  /** A UUID generated at this start; the process has it as an argument and returns it on /healthz. */
  readonly instance: string;
}

/** A crew that was started on this machine and has not been stopped since. */
export interface RecordedCrew extends CrewInstance {
  readonly agentId: string;
  /** The folder of its files. */
  readonly home: string;
  /** Whether its process still exists. */
  readonly isAlive: boolean;
}

const HEALTH_MS = 5_000;
const CONNECT_MS = 1_000;
const SILENT_FOR_MS = 20_000;

const RECORD = "process.json";
const recordFile = (home: string): string => join(home, RECORD);
export const logFile = (home: string): string => join(home, "crew.log");

/** Returns what the last start in a crew's folder recorded; undefined if it was stopped or never started. */
export function readRecord(home: string): CrewInstance | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(home), "utf8")) as CrewInstance;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export const writeRecord = (home: string, running: CrewInstance): void =>
  writeAtomicallySync(recordFile(home), JSON.stringify(running));

export const removeRecord = (home: string): void => rmSync(recordFile(home), { force: true });

/** Returns the crews that were started in a project and not stopped since, in the order of their ids, those of stacks with crews apart last. Asks none of them. */
export function recordedCrews(projectRoot: string): RecordedCrew[] {
  return inCrewHomes(projectRoot, RECORD)
    .flatMap((pattern) => globSync(pattern).toSorted())
    .flatMap((file) => {
      const home = dirname(file);
      const running = readRecord(home);
      return running ? [{ ...running, agentId: basename(home), home, isAlive: isAlive(running) }] : [];
    });
}

function commandLine(pid: number): string {
  if (process.platform !== "linux") {
    return spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8", timeout: 10_000 }).stdout;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** Returns the process of an instance whose number was never recorded, because its start was interrupted; 0 if none runs. */
function findProcess(instance: string): number {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,args="], {
    encoding: "utf8",
    timeout: 10_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return Number.parseInt(stdout.split("\n").find((line) => line.includes(instance)) ?? "0", 10);
}

/** Returns the record with the number of its process. */
export const withProcess = (running: CrewInstance): CrewInstance =>
  running.pid > 0 ? running : { ...running, pid: findProcess(running.instance) };

/** Returns whether the process with this pid is the crew that was started (a pid alone may have been reused). */
export function isAlive(running: CrewInstance): boolean {
  const { pid, instance } = withProcess(running);
  return pid > 0 && commandLine(pid).includes(instance);
}

/** Returns whether anything accepts connections on the port. Only a refusal is a no: a busy program is slow to accept. */
function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const answer = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(CONNECT_MS, () => answer(true));
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}

/** Returns whether the crew's process exists and listens on its port: what can be told without waiting for an answer. */
export const isUp = async (running: CrewInstance): Promise<boolean> =>
  isAlive(running) && (await isListening(running.port));

export interface Health {
  /** The instance's UUID; "" for anything that is not a crew. */
  readonly instance: string;
  /** Whether the crew has been built: until then it takes no jobs, and may still turn out to be unusable. */
  readonly ready: boolean;
}

/** Returns what answers on the port; undefined if nothing does. */
export async function healthOnPort(port: number): Promise<Health | undefined> {
  try {
    const answer = await axios.get<unknown>(`${crewUrl(port)}/healthz`, {
      timeout: HEALTH_MS,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: 65_536,
      validateStatus: () => true,
    });
    const body = answer.data as { instance?: unknown; crew?: unknown } | null;
    const instance = typeof body?.instance === "string" ? body.instance : "";
    return { instance, ready: body?.crew === "ready" };
  } catch (error) {
    const silent = isAxiosError(error) && ["ECONNREFUSED", "ECONNRESET"].includes(error.code ?? "");
    return silent ? undefined : { instance: "", ready: false };
  }
}

/** Returns whether exactly this crew answers now. */
export const isRunning = async (running: CrewInstance): Promise<boolean> =>
  (await healthOnPort(running.port))?.instance === running.instance;

/**
 * Returns whether a crew still exists. It is gone only if its process is: one that is silent is asked again for a while.
 *
 * @throws CrewProcessError CREW_SILENT if its process exists and does not answer
 */
export async function exists(
  running: CrewInstance,
  home: string,
  silentForMs = SILENT_FOR_MS,
): Promise<boolean> {
  const end = Date.now() + silentForMs;
  do {
    if (!isAlive(running)) return false;
    if (await isRunning(running)) return true;
    await sleep(200);
  } while (Date.now() < end);
  if (!isAlive(running)) return false;
  throw new CrewProcessError(
    "CREW_SILENT",
    `The crew's process ${running.pid} exists, but has not answered on ${crewUrl(running.port)}/healthz for ${silentForMs / 1000} s.`,
    `Nothing was changed. If it is busy, run the command again later (its log: ${logFile(home)}). ` +
      `If it hangs: kill ${running.pid}, then run up, which starts it again.`,
  );
}
