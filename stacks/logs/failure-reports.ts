import { z } from "zod";
import type { LogPlace } from "../../infra/fleet/index.ts";
import type { CallOptions, Project } from "../project.ts";
import { runProgram, runtimeProgram } from "../runtime-program.ts";
import { type FailureReport, failureReport } from "../try/events.ts";

const reports = z.record(z.string(), failureReport);

/**
 * Return what the store of a crew knows of a job that failed, by the job's reference: the store alone has what may quote a customer, and
 * forgets it with the job. In the shared crew service, all agents' stores are searched unless the place names one. Undefined where the store knows nothing of it, or cannot be read from here.
 */
export async function readFailureReport(
  project: Project,
  place: LogPlace,
  reference: string,
  { env, signal }: CallOptions,
): Promise<FailureReport | undefined> {
  const program = runtimeProgram(project, place, env);
  if (!program) return undefined;
  const agent = place.agentId === undefined ? [] : ["--agent", place.agentId];
  try {
    const found = await runProgram(
      program,
      ["crew_runtime.failed_jobs", ...agent, reference],
      signal ? { signal } : {},
    );
    return reports.parse(found)[reference];
  } catch {
    signal?.throwIfAborted();
    // An image of an author's own has no such program, a crew that was stopped no container: then the log is all there is.
    return undefined;
  }
}
