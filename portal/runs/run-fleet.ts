import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Environment, type Project, type StackRun, runStack } from "../../stacks/index.ts";
import type { Repository } from "../commits/repository.ts";
import { type AgentRow, type Problem, changeAgent, findAgents } from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import { type FleetRow, findFleet, setDeployed, setFailed } from "../database/fleets.ts";
import { settledRequests } from "../database/requests.ts";
import { beginRun, endRun } from "../database/runs.ts";
import type { FleetDirectory } from "../fleets/fleets.ts";
import { RunLog } from "./log.ts";
import { noteOutcomes, readOutcomes } from "./outcome.ts";
import { placeFiles } from "./place.ts";
import { Progress } from "./progress.ts";

export interface RunParts {
  readonly database: Database;
  readonly repository: Repository;
  readonly fleets: FleetDirectory;
  readonly project: Project;
  readonly env: Environment;
}

/** Pauses before a failed run is tried again, in seconds; the last one stays. A new commit is tried at once. */
const PAUSES = [5, 15, 60, 300, 900];

/** What is said to customers of a failure that is not about their agent; the run's log has all of it. */
const NOT_THEIRS: Problem = {
  error: "DEPLOYMENT_FAILED",
  detail:
    "The agent could not be deployed just now. This is not about what you entered; it is tried again by itself.",
};

/**
 * Looks at a fleet: unless its newest commit is deployed, deploys it. What is committed meanwhile is deployed by the next run, until
 * there is nothing more to do.
 *
 * @returns false if another portal has the fleet in hand
 */
export async function lookAtFleet(parts: RunParts, number: number, signal: AbortSignal): Promise<boolean> {
  const lock = await parts.database.tryLock(`fleet ${number}`);
  if (!lock) return false;
  try {
    const over = AbortSignal.any([signal, lock.lost]);
    for (;;) {
      over.throwIfAborted();
      const fleet = await findFleet(parts.database, number);
      if (!fleet || !isDue(fleet)) return true;
      await deploy(parts, fleet, over);
    }
  } finally {
    await lock.release();
  }
}

const isDue = ({ declaredCommit, deployedCommit, retryAt }: FleetRow): boolean =>
  declaredCommit !== null &&
  declaredCommit !== deployedCommit &&
  (retryAt === null || retryAt.getTime() <= Date.now());

/** Runs `up` once, and writes down what came of it. */
async function deploy(parts: RunParts, fleet: FleetRow, signal: AbortSignal): Promise<void> {
  const { database, repository, fleets, project, env } = parts;
  const { number, declaredCommit: wanted } = fleet;
  const { stack, folder } = fleets.named(number);
  const commit = await repository.head();
  if (wanted === null || commit === undefined) return;

  const seen = await settledRequests(database, number);
  placeFiles(join(project.root, folder), await repository.filesOf(commit, folder));
  const agents = await findAgents(database, { fleet: number });
  const outcomes = () => readOutcomes(project, stack, env);
  const progress = new Progress(
    database,
    agents.map(({ id }) => id),
    () => undefined,
  );
  const id = randomUUID();
  const log = new RunLog(database, id);
  await beginRun(database, { id, fleet: number, commit });
  const run = await runStack(
    project,
    { stack, operation: "up", refresh: fleet.failures > 0, signal },
    {
      env,
      onEvent: (event) => {
        log.hear(event);
        progress.hear(event);
      },
    },
  ).catch((error: unknown) => failedBefore(error, log));
  await progress.settled();
  await noteOutcomes(database, number, seen, await outcomes());
  const isOk = run.exitCode === 0;
  if (isOk) await setDeployed(database, number, wanted);
  else await noteFailure(database, fleet, agents, { seen, progress, wasStopped: signal.aborted });
  await log.settled();
  await endRun(database, id, { ok: isOk, changes: run.result?.changes ?? {} });
}

/** A run that did not begin: for example, the sandbox is not running. */
function failedBefore(error: unknown, log: RunLog): StackRun {
  log.add(`${error instanceof Error ? error.message : String(error)}\n`);
  return { exitCode: 1 };
}

async function noteFailure(
  database: Database,
  { number, failures }: FleetRow,
  agents: readonly AgentRow[],
  {
    seen,
    progress,
    wasStopped,
  }: { seen: ReadonlyMap<string, string>; progress: Progress; wasStopped: boolean },
): Promise<void> {
  // A portal that ends lets its runs end early: that is no failure of anybody.
  if (wasStopped) return;
  await setFailed(database, number, PAUSES[Math.min(failures, PAUSES.length - 1)] ?? 0);
  for (const { id } of agents) {
    if (!seen.has(id)) continue;
    const own = progress.problems.get(id);
    const problem = own ?? NOT_THEIRS;
    await database.transaction((queries) =>
      changeAgent(queries, id, own ? { state: "failed", problem } : { problem }, {
        from: own
          ? ["accepted", "declared", "starting", "running", "requested", "updating", "failed"]
          : ["accepted", "declared", "starting", "running", "requested", "updating"],
        ...(own ? { step: "failed", detail: own.detail } : {}),
      }),
    );
  }
}
