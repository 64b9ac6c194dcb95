import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { LogPlace } from "../infra/fleet/index.ts";
import { SHARED_SERVICE, crewVenv } from "../providers/crew-process/local/index.ts";
import type { CallOptions, Environment, Project } from "./project.ts";

const ANSWERS_WITHIN_MS = 30_000;
const LONGEST_ANSWER = 256 * 1024 * 1024;
/** The user that the runtime is in its container, who alone may read its store (crew/README.md, Users). */
const RUNTIME_USER = "10001:10001";
const run = promisify(execFile);

/** How a program of the crew runtime is started beside a runtime, with the environment by which it finds the runtime's stores. */
export interface RuntimeProgram {
  readonly file: string;
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether a crew has been started here; known of processes alone. */
  readonly hasRun: boolean;
}

/** Return how programs are started beside the runtime whose log is at this place; undefined where none can be started from here. */
export function runtimeProgram(
  project: Project,
  place: LogPlace,
  env: Environment,
): RuntimeProgram | undefined {
  if (place.kind === "file") {
    const home = dirname(place.path);
    const data = join(home, "data");
    const agents = basename(home) === SHARED_SERVICE ? { AGENTS: join(home, "agents") } : {};
    return {
      file: join(crewVenv(project.root), "bin", "python"),
      words: [],
      env: { DATA_DIR: data, ...agents },
      hasRun: existsSync(data),
    };
  }
  if (place.kind !== "docker") return undefined;
  const engine = place.host === undefined ? [] : ["--host", place.host];
  const words = [...engine, "exec", "--user", RUNTIME_USER, place.container, "python"];
  return { file: "docker", words, env: { ...env }, hasRun: true };
}

/**
 * Run a program of the crew runtime, and return the JSON that it prints.
 *
 * @param name its module: `crew_runtime.failed_jobs`
 * @throws an Error of node:child_process when it cannot be started, fails or takes more than 30 seconds
 */
export async function runProgram(
  { file, words, env }: RuntimeProgram,
  [name, ...options]: readonly [string, ...string[]],
  { signal }: Pick<CallOptions, "signal">,
): Promise<unknown> {
  const { stdout } = await run(file, [...words, "-I", "-m", name, ...options], {
    env,
    timeout: ANSWERS_WITHIN_MS,
    maxBuffer: LONGEST_ANSWER,
    ...(signal ? { signal } : {}),
  });
  return JSON.parse(stdout);
}
