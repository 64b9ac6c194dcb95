import type { HireEvent } from "../../buyer/index.ts";
import { findFailedJob } from "../../stacks/logs/failed-job.ts";
import type { Project } from "../../stacks/project.ts";
import { failureLines } from "./failure.ts";
import { printProgress } from "../text.ts";

/** Shows what the operator should know, on stderr. It is read from a log, so it comes a little after the event. */
export function operatorNotes(project: Project) {
  const reading: Promise<void>[] = [];
  return {
    hear: (event: HireEvent): void =>
      void reading.push(operatorText(project, event).then((lines) => lines.forEach(printProgress))),
    shown: (): Promise<unknown> => Promise.all(reading),
  };
}

/**
 * Return what only the operator of an agent can know of a job that failed, as lines: whoever hires an agent of this machine
 * is that operator.
 */
async function operatorText(project: Project, event: HireEvent): Promise<string[]> {
  if (event.kind !== "job-failed") return [];
  const found = await findFailedJob(project, event.agentUrl, event.jobId, { env: process.env });
  if (!found) return [];
  const { agentId, reference, failure, report } = found;
  const more = `Its log: npx masumi-agents logs ${agentId} --job ${reference}`;
  if (failure === undefined) return [`This agent runs here. ${more}`];
  return [`This agent runs here, and logged ${failure}:`, ...failureLines(report), more];
}
