import { z } from "zod";
import type { Environment, Project } from "../../stacks/index.ts";
import { nameInProgram, readResources } from "../../stacks/outputs.ts";
import { type AgentRow, changeAgent, findAgents } from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import { settledRequests } from "../database/requests.ts";
import { CONFIRMATION, REGISTRATION } from "./resources.ts";

const sellingWallet = z.object({ vkey: z.string(), type: z.enum(["V1", "V2"]) });

/** What the state of a stack says of an agent. */
export interface Outcome {
  readonly url: string;
  /** Empty until the chain has confirmed what was asked for last. */
  readonly masumiId: string;
  /** What it is registered with. */
  readonly wallet?: z.output<typeof sellingWallet>;
}

/** Returns what is in a stack's state of each agent, by its id; also while a run is under way. */
export async function readOutcomes(
  project: Project,
  stack: string,
  env: Environment,
): Promise<ReadonlyMap<string, Outcome>> {
  const resources = await readResources(project, stack, { env });
  const outputsOf = (pattern: RegExp) =>
    new Map(
      resources
        .filter(({ type }) => pattern.test(type))
        .map((resource) => [nameInProgram(resource), resource.outputs ?? {}]),
    );
  const confirmations = outputsOf(CONFIRMATION);
  return new Map(
    [...outputsOf(REGISTRATION)].map(([id, { revision, apiBaseUrl, wallet }]): [string, Outcome] => {
      const confirmed = confirmations.get(id);
      const isConfirmed = confirmed?.["revision"] === revision;
      const masumiId = isConfirmed ? String(confirmed?.["agentIdentifier"]) : "";
      const { data } = sellingWallet.safeParse(wallet);
      return [id, { url: String(apiBaseUrl), masumiId, ...(data ? { wallet: data } : {}) }];
    }),
  );
}

/** What a run has to say of a fleet's agents. */
export interface RunOutcome {
  readonly fleet: number;
  /** Each agent's newest request before the run began: whoever asked for more since then is not done yet. */
  readonly seen: ReadonlyMap<string, string>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Whether the run has come to the end of what it does for an agent that stays. */
  readonly isDone: (agentId: string) => boolean;
}

/** Notes which agents a run has registered, and which it has deregistered. */
export async function noteOutcomes(
  database: Database,
  { fleet, seen, outcomes, isDone }: RunOutcome,
): Promise<void> {
  const now = await settledRequests(database, fleet);
  for (const agent of await findAgents(database, { fleet })) {
    const { id } = agent;
    if (!seen.has(id) || seen.get(id) !== now.get(id)) continue;
    const outcome = outcomes.get(id);
    if (agent.state === "leaving") {
      if (!outcome) await noteDeregistered(database, agent);
    } else if (outcome?.masumiId && isDone(id)) {
      await noteRegistered(database, agent, outcome);
    }
  }
}

export async function noteDeregistered(database: Database, { id }: AgentRow): Promise<void> {
  await changeAgent(
    database,
    id,
    { state: "deregistered", problem: null, url: null, expectedAt: null },
    { step: "deregistered", from: ["leaving"] },
  );
}

export async function noteRegistered(
  database: Database,
  { id, state, masumiId: before, url: formerUrl }: AgentRow,
  { url, masumiId }: Outcome,
): Promise<void> {
  const isKnown = state === "registered" && before === masumiId;
  if (state === "deregistered" || (isKnown && url === formerUrl)) return;
  await changeAgent(
    database,
    id,
    { state: "registered", problem: null, url, masumiId, expectedAt: null },
    { ...(isKnown ? {} : { step: "registered" }), from: [state] },
  );
}
