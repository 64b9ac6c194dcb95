import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import axios, { isAxiosError } from "axios";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { CrewProcessError } from "./errors.ts";

/** Loading CrewAI takes seconds, but many crews may start at once on a few cores. */
const HEALTHY_WITHIN_MS = 180_000;
const STOPPED_WITHIN_MS = 10_000;
const LOG_LINES_SHOWN = 12;

/** The record of a running crew: enough to find it again, and to stop exactly this process. */
export interface CrewInstance {
  readonly pid: number;
  readonly port: number;
  /** A UUID generated at this start; the process has it as an argument and returns it on /healthz. */
  readonly instance: string;
}

/** Where a crew takes payments, and for which wallet. */
export interface CrewPayments {
  /** Base URL of the payment service, ending in /api/v1. */
  readonly service: string;
  readonly network: string;
  /** The selling wallet: its verification key, and its type of contract. */
  readonly sellerVkey: string;
  readonly sourceType: "V1" | "V2";
  /** Seconds between two polls of the payments. */
  readonly pollSeconds: number;
}

export interface CrewStart {
  readonly python: string;
  /** The crew's own folder: declaration, identity, log, data. */
  readonly home: string;
  readonly agentId: string;
  readonly port: number;
  /** The declaration as JSON text. */
  readonly declaration: string;
  readonly model: { readonly api: string; readonly key: string; readonly name: string };
  /** Absent for a crew that takes no payments. */
  readonly payments?: (CrewPayments & { readonly key: string }) | undefined;
}

export const identityFile = (home: string): string => join(home, "identity.json");
const recordFile = (home: string): string => join(home, "process.json");
const logFile = (home: string): string => join(home, "crew.log");

function readRecord(home: string): CrewInstance | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(home), "utf8")) as CrewInstance;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Builds the environment from scratch instead of filtering, so none of the deployer's keys or credentials reach a crew. */
function crewEnvironment(start: CrewStart, instance: string): NodeJS.ProcessEnv {
  const data = join(start.home, "data");
  const certificates = process.env["SSL_CERT_FILE"];
  return {
    PATH: process.env["PATH"],
    HOME: data,
    LANG: "C.UTF-8",
    HOST: "127.0.0.1",
    PORT: String(start.port),
    AGENT_DECLARATION: join(start.home, "crew.json"),
    AGENT_IDENTITY_FILE: identityFile(start.home),
    AGENT_INSTANCE: instance,
    DATA_DIR: data,
    MODEL_API: start.model.api,
    MODEL_KEY: start.model.key,
    MODEL_NAME: start.model.name,
    ...(start.payments ? paymentEnvironment(start.payments) : {}),
    ...(certificates ? { SSL_CERT_FILE: certificates } : {}),
  };
}

const paymentEnvironment = (payments: CrewPayments & { readonly key: string }) => ({
  NETWORK: payments.network,
  PAYMENT_KEY: payments.key,
  PAYMENT_POLL: String(payments.pollSeconds),
  PAYMENT_SERVICE_URL: payments.service,
  PAYMENT_SOURCE_TYPE: payments.sourceType,
  SELLER_VKEY: payments.sellerVkey,
});

function lastLogLines(home: string): string {
  const lines = readFileSync(logFile(home), "utf8").trimEnd().split("\n");
  return lines.slice(-LOG_LINES_SHOWN).join("\n");
}

interface Health {
  /** The instance's UUID; "" for anything that is not a crew. */
  readonly instance: string;
  /** Whether the crew has been built: until then it takes no jobs, and may still turn out to be unusable. */
  readonly ready: boolean;
}

/** Returns what answers on the port; undefined if nothing does. */
async function healthOnPort(port: number): Promise<Health | undefined> {
  try {
    const answer = await axios.get<unknown>(`http://127.0.0.1:${port}/healthz`, {
      timeout: 2_000,
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

/** Returns whether the process with this pid is the crew that was started (a pid alone may have been reused). */
function isAlive({ pid, instance }: CrewInstance): boolean {
  return commandLine(pid).includes(instance);
}

/** Returns whether exactly this crew is running and answers. */
export async function isRunning(running: CrewInstance): Promise<boolean> {
  return (await healthOnPort(running.port))?.instance === running.instance;
}

async function waitUntilHealthy(running: CrewInstance, home: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const health = await healthOnPort(running.port);
    if (health?.instance === running.instance && health.ready) return;
    if (!isAlive(running)) {
      throw new CrewProcessError(
        "CREW_EXITED",
        `The crew exited while it was starting. The last lines of its log:\n${lastLogLines(home)}\n`,
        `The complete log is ${logFile(home)}.`,
      );
    }
    if (signal.aborted) {
      throw new CrewProcessError(
        "CREW_NOT_HEALTHY",
        `The crew was not ready on http://127.0.0.1:${running.port}/healthz within ${HEALTHY_WITHIN_MS / 1000} s.`,
        `Check ${logFile(home)}.`,
      );
    }
    await sleep(200);
  }
}

/**
 * Starts a crew as a process in its own session, which outlives this one, and waits until it answers. A crew that an
 * earlier run left behind in the same folder is stopped first.
 *
 * @throws CrewProcessError CREW_PORT_TAKEN, CREW_EXITED, CREW_NOT_HEALTHY, CREW_NOT_STOPPED
 */
export async function startCrew(start: CrewStart): Promise<CrewInstance> {
  mkdirSync(join(start.home, "data"), { recursive: true, mode: 0o700 });
  const leftOver = readRecord(start.home);
  if (leftOver) await stopCrew(leftOver);
  if ((await healthOnPort(start.port)) !== undefined) {
    throw new CrewProcessError(
      "CREW_PORT_TAKEN",
      `Port ${start.port}, which is reserved for agent ${start.agentId}, is used by another program.`,
      `Stop that program, or change the number in ${join(start.home, "..", "..", "ports.json")} (this changes the agent's URL).`,
    );
  }

  writeAtomicallySync(join(start.home, "crew.json"), start.declaration);
  const instance = randomUUID();
  const log = openSync(logFile(start.home), "a", 0o600);
  const child = spawn(start.python, ["-m", "crew_runtime", "--instance", instance], {
    cwd: start.home,
    env: crewEnvironment(start, instance),
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const pid = await new Promise<number>((started, failed) => {
    child.once("error", failed);
    child.once("spawn", () => started(child.pid ?? 0));
  });
  child.unref();

  const running = { pid, port: start.port, instance };
  writeAtomicallySync(recordFile(start.home), JSON.stringify(running));
  try {
    await waitUntilHealthy(running, start.home, AbortSignal.timeout(HEALTHY_WITHIN_MS));
  } catch (error) {
    await stopCrew(running);
    throw error;
  }
  return running;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function hasEnded(running: CrewInstance): Promise<boolean> {
  const deadline = AbortSignal.timeout(STOPPED_WITHIN_MS);
  while (isAlive(running)) {
    if (deadline.aborted) return false;
    await sleep(50);
  }
  return true;
}

/**
 * Stops a crew and all its helper processes: SIGTERM, after 10 s SIGKILL. It is not an error if the crew no longer exists.
 *
 * @throws CrewProcessError CREW_NOT_STOPPED
 */
export async function stopCrew(running: CrewInstance): Promise<void> {
  // Only a group whose leader is known to be ours is signalled, because pids are reused.
  if (!isAlive(running)) return;
  signalGroup(running.pid, "SIGTERM");
  await hasEnded(running);
  // The leader has exited cleanly or never will; what it left behind (CrewAI still loading) has nothing to finish.
  signalGroup(running.pid, "SIGKILL");
  if (await hasEnded(running)) return;
  throw new CrewProcessError(
    "CREW_NOT_STOPPED",
    `Process ${running.pid} could not be stopped.`,
    "Stop it by hand, then run the command again.",
  );
}
