import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { CrewProcessError } from "./errors.ts";
import { crewUrl } from "./paths.ts";
import {
  type CrewInstance,
  healthOnPort,
  isAlive,
  logFile,
  readRecord,
  removeRecord,
  withProcess,
  writeRecord,
} from "./instance.ts";

/** Loading CrewAI takes seconds, but many crews may start at once on a few cores. */
const HEALTHY_WITHIN_MS = 180_000;
const STOPPED_WITHIN_MS = 10_000;
const LOG_LINES_SHOWN = 12;

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

/** What a crew of one agent is told by variables. */
export interface CrewSettings {
  readonly model: { readonly api: string; readonly key: string; readonly name: string };
  /** Variables of the crew runtime that limit what it keeps, uses and takes on, like KEEP_DAYS. */
  readonly limits?: Readonly<Record<string, string>> | undefined;
  /** Headers that the collector of traces demands. */
  readonly tracesHeaders?: string | undefined;
  /** Absent for a crew that takes no payments. */
  readonly payments?: (CrewPayments & { readonly key: string }) | undefined;
}

export interface CrewStart {
  readonly python: string;
  /** The process's own folder: declaration, identity, log, data. */
  readonly home: string;
  /** Whose port it is, in errors: an agent's id, or the shared crew service's name. */
  readonly agentId: string;
  readonly port: number;
  /** The declaration as JSON text, which becomes crew.json; absent for a service of many agents. */
  readonly declaration?: string;
  /** What the runtime is told beside where it is and listens. */
  readonly environment: Readonly<Record<string, string>>;
}

export const identityFile = (home: string): string => join(home, "identity.json");

/** Returns what the crew of one agent is told. */
export const agentVariables = (home: string, settings: CrewSettings): Readonly<Record<string, string>> => ({
  AGENT_DECLARATION: join(home, "crew.json"),
  AGENT_IDENTITY_FILE: identityFile(home),
  MODEL_API: settings.model.api,
  MODEL_KEY: settings.model.key,
  MODEL_NAME: settings.model.name,
  ...settings.limits,
  ...(settings.tracesHeaders === undefined ? {} : { TRACES_HEADERS: settings.tracesHeaders }),
  ...(settings.payments ? paymentEnvironment(settings.payments) : {}),
});

/** Builds the environment from scratch instead of filtering, so none of the deployer's keys or credentials reach a crew. */
function crewEnvironment({ home, port, environment }: CrewStart, instance: string): NodeJS.ProcessEnv {
  const data = join(home, "data");
  const certificates = process.env["SSL_CERT_FILE"];
  return {
    PATH: process.env["PATH"],
    HOME: data,
    LANG: "C.UTF-8",
    HOST: "127.0.0.1",
    // A page that a browser of this machine shows must not start jobs, also not by a name that it lets lead here.
    ALLOWED_HOSTS: "loopback",
    CORS_ORIGINS: process.env["MASUMI_CREW_CORS_ORIGINS"] || "none",
    PORT: String(port),
    PUBLIC_URL: crewUrl(port),
    AGENT_INSTANCE: instance,
    DATA_DIR: data,
    ...environment,
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
  // Why a crew cannot be served is plain text, and comes last; the log before it is JSON.
  const reason = lines.slice(lines.findLastIndex((line) => line.startsWith("{")) + 1);
  return (reason.length > 0 ? reason : lines).slice(-LOG_LINES_SHOWN).join("\n");
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

  if (start.declaration !== undefined) {
    writeAtomicallySync(join(start.home, "crew.json"), start.declaration);
  }
  const running = await launch(start);
  try {
    await waitUntilHealthy(running, start.home, AbortSignal.timeout(HEALTHY_WITHIN_MS));
  } catch (error) {
    await stopCrew(running);
    throw error;
  }
  return running;
}

/** Instances that this process has started. */
const startedHere = new Set<string>();

/** Starts the process, and records it before it exists: whoever is killed here leaves a crew that the next start finds. */
async function launch(start: CrewStart): Promise<CrewInstance> {
  const instance = randomUUID();
  const record = (pid: number): CrewInstance => ({ pid, port: start.port, instance });
  writeRecord(start.home, record(0));
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
  const running = record(pid);
  startedHere.add(instance);
  writeRecord(start.home, running);
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
export async function stopCrew(recorded: CrewInstance): Promise<void> {
  const running = withProcess(recorded);
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

/**
 * Stops a crew for good: the one that a state knows, and the one that its folder records, which is another where the state
 * is an older copy. What this process has started meanwhile in that one's place stays.
 *
 * @throws CrewProcessError CREW_NOT_STOPPED
 */
export async function endCrew(home: string, known: CrewInstance): Promise<void> {
  await stopCrew(known);
  const recorded = readRecord(home);
  if (!recorded) return;
  if (recorded.instance !== known.instance && startedHere.has(recorded.instance)) return;
  await stopCrew(recorded);
  removeRecord(home);
}
