import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { writeAtomicallySync } from "../providers/common/atomic-write.ts";
import { isProcessAlive } from "../providers/common/process-alive.ts";
import { recordedCrews, stopCrew } from "../providers/crew-process/local/index.ts";
import { UserError, stopSandbox } from "../stacks/index.ts";
import { openFleetProject } from "./fleets/project.ts";

/*
 * Which portal runs in a folder, so that a second start and --stop find it. With an embedded database it is the only one there, with a
 * server the one that was started last.
 */

const record = z.object({
  pid: z.int(),
  url: z.url(),
  /** Made anew at each start, and said on /healthz: another program may have got the same address since. */
  instance: z.string(),
});
export type RunningHere = z.output<typeof record>;

const ANSWERS_WITHIN_MS = 5_000;
const STARTS_WITHIN_MS = 120_000;
/** Longer than a portal waits for the runs that are under way. */
const ENDS_WITHIN_MS = 180_000;
const LOOK_EACH_MS = 100;

const recordFile = (folder: string): string => join(folder, "portal.json");

/** Writes down which portal takes requests, until the returned function is called. */
export function recordRunning(folder: string, running: RunningHere): () => void {
  writeAtomicallySync(recordFile(folder), JSON.stringify(running));
  return () => {
    if (readRecord(folder)?.instance === running.instance) rmSync(recordFile(folder), { force: true });
  };
}

function readRecord(folder: string): RunningHere | undefined {
  try {
    return record.parse(JSON.parse(readFileSync(recordFile(folder), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Returns the portal that takes requests in a folder; undefined if none does. */
export async function findRunning(folder: string): Promise<RunningHere | undefined> {
  const known = readRecord(folder);
  if (!known || !isProcessAlive(known.pid)) return undefined;
  try {
    const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    const answer = (await (await fetch(new URL("/healthz", known.url), { signal })).json()) as object;
    return "instance" in answer && answer.instance === known.instance ? known : undefined;
  } catch {
    return undefined;
  }
}

/** Waits for the portal that is being started in a folder; undefined if it does not come. */
export async function untilRunning(folder: string): Promise<RunningHere | undefined> {
  const end = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    const running = await findRunning(folder);
    if (running || Date.now() > end) return running;
    await sleep(LOOK_EACH_MS);
  }
}

export type Stopped = "portal" | "rest" | "nothing";

/**
 * Ends the portal of a folder in order, then the crews and the sandbox that its fleets run on. All that it keeps stays; the next start
 * brings its agents up again.
 *
 * @returns what ran: the portal, or only what one that ended before has left
 * @throws UserError if it does not end, or does not answer
 */
export async function stopRunning(folder: string): Promise<Stopped> {
  const running = await findRunning(folder);
  const recorded = readRecord(folder);
  if (!running && recorded && isProcessAlive(recorded.pid)) throw silent(folder, recorded);
  if (running) {
    process.kill(running.pid, "SIGTERM");
    const end = Date.now() + ENDS_WITHIN_MS;
    while (isProcessAlive(running.pid)) {
      if (Date.now() > end) {
        throw new UserError(
          `The portal (process ${running.pid}) has not ended within ${ENDS_WITHIN_MS / 1000} s: try again.`,
        );
      }
      await sleep(LOOK_EACH_MS);
    }
  }
  const project = openFleetProject(join(folder, "project"));
  const crews = recordedCrews(project.root);
  for (const crew of crews) await stopCrew(crew);
  const ranSandbox = await stopSandbox(project);
  if (running) return "portal";
  return ranSandbox || crews.some(({ isAlive }) => isAlive) ? "rest" : "nothing";
}

/** Nothing that a living portal uses is ended below it. */
const silent = (folder: string, { pid, url }: RunningHere): UserError =>
  new UserError(
    `The portal (process ${pid}) does not answer at ${url}, so nothing was ended. Try again; or end that process, then try again. ` +
      `If it is another program by now, remove ${recordFile(folder)}.`,
  );
