import { createHash } from "node:crypto";
import type { Project } from "../project.ts";
import { crewAt, crewsHere } from "../crews.ts";
import { readFile } from "./file.ts";

const LINES = 10_000;

/** Why a job failed, as the log of the crew that ran it on this machine has it. */
export interface FailedJob {
  readonly agentId: string;
  readonly log: string;
  /** Absent where the log says nothing of the job. */
  readonly failure?: string;
  /** What the language model said, where that was the reason: `HTTP 401 from http://…: no such key`. */
  readonly model?: string;
}

interface Logged {
  readonly event?: unknown;
  readonly job?: unknown;
  readonly failure?: unknown;
  readonly model_url?: unknown;
  readonly model_status?: unknown;
  readonly model_message?: unknown;
}

/** Return why a job failed, if its agent's crew is a process of this machine; undefined for any other agent. */
export async function findFailedJob(
  project: Project,
  agentUrl: string,
  jobId: string,
): Promise<FailedJob | undefined> {
  const crew = crewAt(crewsHere(project), agentUrl);
  if (!crew) return undefined;
  const { log } = crew;
  const agentId = crew.url === agentUrl ? crew.agentId : agentUrl.slice(crew.url.length + 1);
  const reference = referenceOf(jobId);
  let found: Logged | undefined;
  const onLine = (line: string) => {
    if (line.includes(reference)) found = failureOf(line, reference) ?? found;
  };
  await readFile({ path: log }, { lines: LINES, follow: false }, { env: {}, onLine });
  if (!found) return { agentId, log };
  const model = modelText(found);
  return { agentId, log, failure: String(found.failure), ...(model === undefined ? {} : { model }) };
}

/** What a crew's log calls a job: its id opens the result, and is in no log (crew/src/crew_runtime/jobs.py). */
const referenceOf = (jobId: string): string => createHash("sha256").update(jobId).digest("hex").slice(0, 16);

function failureOf(line: string, reference: string): Logged | undefined {
  try {
    const event = JSON.parse(line) as Logged;
    return event.event === "job_failed" && event.job === reference ? event : undefined;
  } catch {
    return undefined;
  }
}

function modelText({
  model_url: url,
  model_status: status,
  model_message: said,
}: Logged): string | undefined {
  if (typeof url !== "string") return undefined;
  const what = typeof status === "number" ? `HTTP ${status} from ${url}` : `no answer from ${url}`;
  return `${what}: ${String(said)}`;
}
