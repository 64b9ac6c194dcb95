import { type Agent, hostedBy } from "../../declarations/index.ts";
import { stableNumbers } from "../../hosting/stable-numbers.ts";

/** What a listener allows: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html */
const PRIORITIES = { first: 1, count: 50_000 };

/**
 * Returns the priority of each agent's listener rule, by agent id. Rules for different host names do not compete, so any
 * number will do, but two rules cannot have the same one, and a changed number would be a pointless update.
 */
export const rulePriorities = (agents: readonly Agent[]): ReadonlyMap<string, number> =>
  stableNumbers(
    hostedBy("ecs-alb", agents).map(({ id }) => id),
    PRIORITIES,
  );
