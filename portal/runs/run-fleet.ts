import { randomUUID } from "node:crypto";
import type { Environment, RunEvent, StackRun } from "../../stacks/index.ts";
import type { Repository } from "../commits/repository.ts";
import { type AgentRow, type Problem, changeAgent, findAgents } from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import { type FleetRow, findFleet, setDeployed, setFailed, setKilled } from "../database/fleets.ts";
import { askedToBurn, endReplacing, settledRequests } from "../database/requests.ts";
import { beginRun, endRun } from "../database/runs.ts";
import type { FleetDirectory } from "../fleets/fleets.ts";
import { RunKilledError, type RunsApart } from "./apart.ts";
import { Coalesced } from "./coalesced.ts";
import { noteExpected } from "./expected.ts";
import { RunLog } from "./log.ts";
import { noteOutcomes, readOutcomes } from "./outcome.ts";
import { Progress } from "./progress.ts";

export interface RunParts {
  readonly database: Database;
  readonly repository: Repository;
  readonly fleets: FleetDirectory;
  readonly env: Environment;
  readonly apart: RunsApart;
  /** How many times faster than the real one the chain is. */
  readonly chainSpeed: number;
  /** Sees to it that a fleet's stack can run. */
  readonly prepare: (fleet: number, signal: AbortSignal) => Promise<void>;
}

type Ran = Pick<StackRun, "exitCode" | "changes"> & { readonly isKilled?: boolean };

/** Pauses before a failed run is tried again, in seconds; the last one stays. A new commit is tried at once. */
const PAUSES = [5, 15, 60, 300, 900];
/** The pause, in seconds, before a run that was killed is taken up again. */
const PAUSE_OF_KILLED = 2;

/** While a run is under way, the state is read at most so often for what was confirmed. */
const NOTE_EACH_MS = 500;

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
  const { database, repository } = parts;
  const { number, declaredCommit: wanted } = fleet;
  if (wanted === null) return;
  // Before the commit is chosen, which has all of them.
  const seen = await settledRequests(database, number);
  // Another portal may have committed since this one looked: with older files, its agents would be taken down.
  await repository.update(signal);
  const commit = await repository.head();
  if (commit === undefined || !(await repository.contains(commit, wanted))) {
    throw new Error(
      `${repository.folder} does not have the commit ${wanted}, which is to be deployed. Portals that share a database ` +
        "need one repository: set PORTAL_REPOSITORY.",
    );
  }
  const agents = await findAgents(database, { fleet: number });
  const id = randomUUID();
  const { stack } = parts.fleets.named(number);
  const log = new RunLog(database, id, { isPrinted: !parts.fleets.isLocal });
  const note = async (isDone: (agentId: string) => boolean) => {
    const outcomes = await readOutcomes(parts.fleets.projectOf(number), stack, parts.env);
    await noteOutcomes(database, { fleet: number, seen, outcomes, isDone });
    // Behind what the time lines say of the same.
    await progress.settled();
    await noteExpected(database, { fleet: number, outcomes, speed: parts.chainSpeed });
  };
  const noting = new Coalesced(() => note((agentId) => progress.confirmed.has(agentId)), NOTE_EACH_MS);
  const progress = new Progress(
    database,
    agents.map((agent) => agent.id),
    () => noting.ask(),
  );
  await beginRun(database, { id, fleet: number, commit });
  const tell = (error: unknown) => log.add(`${error instanceof Error ? error.message : String(error)}\n`);
  const run = await up(parts, fleet, { commit, log, progress, signal }).catch((error: unknown): Ran => {
    tell(error);
    return { exitCode: 1, changes: {}, isKilled: error instanceof RunKilledError };
  });
  const isThrough = run.exitCode === 0;
  const finish = async () => {
    await progress.settled();
    await noting.settled();
    await note((agentId) => isThrough || progress.confirmed.has(agentId));
    return isThrough;
  };
  // A run of which nobody can tell what came of it is looked at again, like one that failed.
  const isOk = await finish().catch((error: unknown) => {
    tell(error);
    return false;
  });
  if (isOk) await noteDeployed(database, { number, wanted, seen });
  else if (run.isKilled) await setKilled(database, number, PAUSE_OF_KILLED);
  // A portal that ends lets its runs end early: that is no failure of anybody's.
  else if (!signal.aborted) await noteFailure(database, fleet, agents, { seen, progress });
  await log.settled();
  await endRun(database, id, { ok: isOk, changes: run.changes });
}

/** Places a fleet's files as a commit has them, and deploys them. */
async function up(
  { database, fleets, apart, prepare }: RunParts,
  { number, failures, deployedCommit }: FleetRow,
  run: {
    readonly commit: string;
    readonly log: RunLog;
    readonly progress: Progress;
    readonly signal: AbortSignal;
  },
): Promise<Ran> {
  const { commit, log, progress, signal } = run;
  const names = fleets.named(number);
  const project = await fleets.place(commit, number);
  await prepare(number, signal);
  fleets.allowBurns(number, await askedToBurn(database, number));
  const onEvent = (event: RunEvent) => {
    log.hear(event);
    progress.hear(event);
  };
  // After a failure, or a start of the machine, what really is there is looked at first.
  const refresh = failures > 0 || deployedCommit === null;
  return apart.run({ root: project.root, stack: names.stack, refresh }, { onEvent, signal });
}

function noteDeployed(
  database: Database,
  run: { readonly number: number; readonly wanted: string; readonly seen: ReadonlyMap<string, string> },
): Promise<void> {
  return database.transaction(async (queries) => {
    await endReplacing(queries, run.seen);
    await setDeployed(queries, run.number, run.wanted);
  });
}

async function noteFailure(
  database: Database,
  { number, failures }: FleetRow,
  agents: readonly AgentRow[],
  { seen, progress }: { readonly seen: ReadonlyMap<string, string>; readonly progress: Progress },
): Promise<void> {
  await setFailed(database, number, PAUSES[Math.min(failures, PAUSES.length - 1)] ?? 0);
  for (const { id } of agents) {
    if (!seen.has(id)) continue;
    const own = progress.problems.get(id);
    const problem = own ?? NOT_THEIRS;
    await changeAgent(database, id, own ? { state: "failed", problem, expectedAt: null } : { problem }, {
      from: own
        ? ["accepted", "declared", "starting", "running", "requested", "updating", "failed"]
        : ["accepted", "declared", "starting", "running", "requested", "updating"],
      ...(own ? { step: "failed", detail: own.detail } : {}),
    });
  }
}
