import { execFile } from "node:child_process";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { LogPlace } from "../../infra/fleet/index.ts";
import { SHARED_SERVICE, crewVenv } from "../../providers/crew-process/local/index.ts";
import type { CallOptions, Environment, Project } from "../project.ts";
import { type FailureReport, failureReport } from "../try/events.ts";

const PROGRAM = ["-I", "-m", "crew_runtime.failed_jobs"];
const ANSWERS_WITHIN_MS = 30_000;
/** The user that the runtime is in its container, who alone may read its store (crew/README.md, Users). */
const RUNTIME_USER = "10001:10001";
const reports = z.record(z.string(), failureReport);
const run = promisify(execFile);

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
  const command = commandFor(project, place, env);
  if (!command) return undefined;
  const [file, words, environment] = command;
  const agent = place.agentId === undefined ? [] : ["--agent", place.agentId];
  try {
    const { stdout } = await run(file, [...words, ...PROGRAM, ...agent, reference], {
      env: environment,
      timeout: ANSWERS_WITHIN_MS,
      ...(signal ? { signal } : {}),
    });
    return reports.parse(JSON.parse(stdout))[reference];
  } catch {
    signal?.throwIfAborted();
    // An image of an author's own has no such program, a crew that was stopped no container: then the log is all there is.
    return undefined;
  }
}

type Command = readonly [file: string, words: readonly string[], env: NodeJS.ProcessEnv];

function commandFor(project: Project, place: LogPlace, env: Environment): Command | undefined {
  if (place.kind === "file") {
    const python = join(crewVenv(project.root), "bin", "python");
    const home = dirname(place.path);
    const agents = basename(home) === SHARED_SERVICE ? { AGENTS: join(home, "agents") } : {};
    return [python, [], { DATA_DIR: join(home, "data"), ...agents }];
  }
  if (place.kind !== "docker") return undefined;
  const engine = place.host === undefined ? [] : ["--host", place.host];
  return ["docker", [...engine, "exec", "--user", RUNTIME_USER, place.container, "python"], { ...env }];
}
