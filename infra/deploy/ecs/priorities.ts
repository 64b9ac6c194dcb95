import type { StackConfig } from "../../config.ts";
import { type Agent, hostedBy } from "../../declarations/index.ts";
import { type RegisteredUrls, scopeOf } from "../../fleet/index.ts";
import { SHARED_SERVICE } from "../../hosting/shared/names.ts";
import { agentNumbers } from "../../hosting/stable-numbers.ts";

/** What a listener allows: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html */
const PRIORITIES = { first: 1, count: 50_000 };

export interface RulePriorities {
  /** The priority with which a new rule of an agent is created. */
  readonly byId: ReadonlyMap<string, number>;
  /** Whether masumi:aws.priorities sets an agent's priority, so that an existing rule gets it too. */
  isGiven(id: string): boolean;
}

/**
 * Returns the priority of each agent's listener rule. Rules for different host names do not compete, so any number will do,
 * but two rules of a listener cannot have the same one, and several stacks may share a listener.
 */
export function rulePriorities(
  config: StackConfig,
  agents: readonly Agent[],
  registered: RegisteredUrls,
): RulePriorities {
  const { on, name, of, keep } = config.shared;
  const hasService = of === undefined && (keep || hostedBy("shared", agents).length > 0);
  const isShared = on === "ecs-alb" && hasService;
  const given = new Map(Object.entries(config.aws.priorities));
  const ofShared = given.get(name);
  // The service's rule is known by the service's name, as an agent's is by the agent's id.
  if (isShared && ofShared !== undefined) given.set(SHARED_SERVICE, ofShared);
  const ids = [...hostedBy("ecs-alb", agents).map(({ id }) => id), ...(isShared ? [SHARED_SERVICE] : [])];
  const byId = agentNumbers({
    ids,
    range: PRIORITIES,
    scope: scopeOf(config),
    settled: given,
    living: registered,
  });
  return { byId, isGiven: (id) => given.has(id) };
}
