import type { MasumiError } from "../../../providers/masumi/service/index.ts";
import { type Cost, sumCosts } from "../costs.ts";
import { eachAgent } from "./each-agent.ts";
import type { RegisteredUrls } from "../expected-url.ts";
import { type Orphan, findOrphans } from "./orphans.ts";
import { type PlannedAgent, type Removal, planAgent } from "./plan-agent.ts";
import type { FleetInput } from "../registrations.ts";

export interface FleetPlan {
  readonly agents: readonly PlannedAgent[];
  readonly orphans: readonly Orphan[];
  /** What prevents the run, one entry per agent concerned. */
  readonly problems: readonly MasumiError[];
  /** Number of entries in the registry that were left out. */
  readonly skipped: number;
  readonly cost: Cost;
  readonly registered: RegisteredUrls;
  /** Whether the stack's state was seen. If not, any spare registration may be one that the run deregisters. */
  readonly knowsState: boolean;
}

/** Returns what a run would do on the chain, given the declarations and what the service shows. Sends no requests. */
export function planFleet(input: FleetInput): FleetPlan {
  const { config, agents } = input;
  const {
    results: planned,
    problems,
    own,
    registered,
  } = eachAgent(input, (agent, fleet) => planAgent(input, agent, fleet));
  const orphans = findOrphans(config, agents, own);
  const skipped = input.survey.skipped?.length ?? 0;
  const knowsState = input.inState !== undefined;
  return {
    agents: planned,
    orphans,
    problems,
    skipped,
    cost: totalCost(planned, orphans),
    registered,
    knowsState,
  };
}

/** Returns the old registrations that a run deregisters because the state gives them up, with their agents' ids. */
export const removalsOf = (agents: readonly PlannedAgent[]): (Removal & { readonly agentId: string })[] =>
  agents.flatMap(({ agent, removals }) => removals.map((removal) => ({ ...removal, agentId: agent.id })));

const totalCost = (agents: readonly PlannedAgent[], orphans: readonly Orphan[]): Cost =>
  sumCosts([...agents, ...removalsOf(agents), ...orphans].map(({ cost }) => cost));

/** Returns a plan for these agents alone, and for what no file declares if the run looks at that. */
export function restrictPlan(
  plan: FleetPlan,
  agents: readonly PlannedAgent[],
  { hasOrphans }: { readonly hasOrphans: boolean },
): FleetPlan {
  const orphans = hasOrphans ? plan.orphans : [];
  return { ...plan, agents, orphans, cost: totalCost(agents, orphans) };
}
