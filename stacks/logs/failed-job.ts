import { createHash } from "node:crypto";
import type { CallOptions, Project } from "../project.ts";
import { crewAt, crewsHere } from "../crews.ts";
import { type FailureReport, failureReport } from "../try/events.ts";
import { readFailureReport } from "./failure-reports.ts";
import { readFile } from "./file.ts";

const LINES = 10_000;

/** Why a job failed, as the crew that ran it on this machine has it in its log and its store. */
export interface FailedJob {
  readonly agentId: string;
  /** What the job is called in the log. */
  readonly reference: string;
  /** Absent where the log says nothing of the job. */
  readonly failure?: string;
  readonly report: FailureReport;
}

interface Logged {
  readonly event?: unknown;
  readonly job?: unknown;
  readonly failure?: unknown;
  /** The agent of the crew; a line's `agent` is the one that is served. */
  readonly crew_agent?: unknown;
}

/** Return why a job failed, if its agent's crew is a process of this machine; undefined for any other agent. */
export async function findFailedJob(
  project: Project,
  agentUrl: string,
  jobId: string,
  options: CallOptions,
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
  const place = { kind: "file", path: log, ...(agentId === crew.agentId ? {} : { agentId }) } as const;
  const kept = await readFailureReport(project, place, reference, options);
  const report = kept ?? failureReport.safeParse({ ...found, agent: found?.crew_agent }).data ?? {};
  return { agentId, reference, report, ...(found ? { failure: String(found.failure) } : {}) };
}

/** What a crew's log calls a job: its id opens the result, and is in no log (crew/src/crew_runtime/job/job.py). */
const referenceOf = (jobId: string): string => createHash("sha256").update(jobId).digest("hex").slice(0, 16);

function failureOf(line: string, reference: string): Logged | undefined {
  try {
    const event = JSON.parse(line) as Logged;
    return event.event === "job_failed" && event.job === reference ? event : undefined;
  } catch {
    return undefined;
  }
}
