import { whatRuns } from "../../infra/crews/what-runs.ts";
import type { Agent, LoadedAgents } from "../../infra/declarations/index.ts";
import { type EvalRecord, type EvalStanding, standingsOf, writeRecord } from "../../infra/fleet/index.ts";
import { loadStackAgents } from "../agents.ts";
import { readNetwork } from "../network.ts";
import { type Project, readConfig } from "../project.ts";
import { modelNameOf } from "../try/model.ts";

/** Return a stack's agents as they can be evaluated: keys that only a registration needs are not missed. */
export const stackToEvaluate = (project: Project, stack: string): LoadedAgents =>
  loadStackAgents(project, stack, { needsNoSecrets: true });

const runsOf = (project: Project, stack: string) =>
  whatRuns({
    projectRoot: project.root,
    config: { network: readNetwork(project, stack).network, modelName: modelNameOf(project, stack) },
  });

/** Return the digest that an agent's record has, as up makes it too; undefined for one without evaluations. */
export const evalDigestOf = (project: Project, stack: string, agent: Agent): string | undefined =>
  runsOf(project, stack)(agent).evalDigest;

/** Return how agents stand as they are declared now. */
export function evalStandings(
  project: Project,
  stack: string,
  agents: readonly Agent[],
): ReadonlyMap<string, EvalStanding> {
  const runOf = runsOf(project, stack);
  const modelApi = readConfig(project, stack)["masumi:modelApi"];
  const runs = new Map(agents.map((agent) => [agent.id, runOf(agent)]));
  return standingsOf(agents, runs, { config: { stack, modelApi }, projectRoot: project.root });
}

/** Keep what came of an agent's evaluations for up. */
export const keepRecord = (project: Project, record: EvalRecord): void => writeRecord(project.root, record);
