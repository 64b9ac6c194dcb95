import type { Environment, Project } from "../../stacks/index.ts";
import { readAgentOutputs } from "../../stacks/outputs.ts";
import { type AgentRow, changeAgent, findAgents } from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import { settledRequests } from "../database/requests.ts";

/** What a run left of each agent. */
export interface Outcome {
  readonly url: string;
  readonly agentIdentifier: string;
  readonly state: string;
}

/** Returns what the last run of a stack left, by the agent's id. */
export async function readOutcomes(
  project: Project,
  stack: string,
  env: Environment,
): Promise<ReadonlyMap<string, Outcome>> {
  const outputs = await readAgentOutputs(project, stack, { env });
  return new Map(outputs.map((output) => [output.id, output]));
}

/**
 * Notes what a run left of those agents of which it saw the newest request: registered or, if they were to leave, deregistered.
 *
 * @param seen each agent's newest request before the run began
 */
export async function noteOutcomes(
  database: Database,
  fleet: number,
  seen: ReadonlyMap<string, string>,
  outcomes: ReadonlyMap<string, Outcome>,
): Promise<void> {
  const now = await settledRequests(database, fleet);
  for (const agent of await findAgents(database, { fleet })) {
    if (seen.get(agent.id) === undefined || seen.get(agent.id) !== now.get(agent.id)) continue;
    await noteOutcome(database, agent, outcomes.get(agent.id));
  }
}

async function noteOutcome(database: Database, agent: AgentRow, outcome: Outcome | undefined): Promise<void> {
  const { id, state } = agent;
  if (state === "leaving") {
    if (outcome) return;
    await database.transaction((queries) =>
      changeAgent(queries, id, { state: "deregistered", problem: null, url: null }, { step: "deregistered" }),
    );
    return;
  }
  if (state === "deregistered" || !outcome?.agentIdentifier) return;
  const { url, agentIdentifier: masumiId } = outcome;
  if (state === "registered" && agent.masumiId === masumiId && agent.url === url) return;
  const isNew = state !== "registered" || agent.masumiId !== masumiId;
  await database.transaction((queries) =>
    changeAgent(
      queries,
      id,
      { state: "registered", problem: null, url, masumiId, expectedAt: null },
      isNew ? { step: "registered" } : {},
    ),
  );
}
