import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "./config.ts";
import { assetTable } from "./declarations/index.ts";
import {
  type FleetPlan,
  type PlannedAgent,
  askedRemovals,
  changeText,
  planWarnings,
  removalOf,
  removalsIfTargeted,
  replacementWarning,
  restrictPlan,
  summaryOf,
} from "./fleet/index.ts";
import { isKnown, knownValue, urnsInState } from "./known.ts";
import type { MasumiAgent } from "./masumi-agent.ts";
import { PreflightError } from "./preflight.ts";

/** What a run looks at of an agent's resources. */
type Registered = Pick<MasumiAgent, "registration">;
type Hosted = ReadonlyMap<PlannedAgent, Registered>;

/**
 * Says in a preview what the run would do on the chain: under each registration what changes, then all in one line. With
 * --target that is less than the plan, and only what the engine does with each registration tells.
 */
export async function reportPreview(plan: FleetPlan, config: StackConfig, hosted: Hosted): Promise<void> {
  if (!plan.knowsState) await refuseStrays(hosted);
  const dealtWith: PlannedAgent[] = [];
  const leftOut: PlannedAgent[] = [];
  for (const [drafted, agent] of hosted) {
    const planned = plan.knowsState ? drafted : await withEngine(drafted, agent);
    const isLeftOut = !(await isDealtWith(planned, agent));
    (isLeftOut ? leftOut : dealtWith).push(planned);
    if (!isLeftOut) await sayChanges(planned, config, agent);
  }
  const done = restrictPlan(plan, dealtWith, { hasOrphans: leftOut.length === 0 });
  const said = leftOut.length > 0 ? leftAlone(plan, leftOut) : unlessTargeted(done);
  await pulumi.log.info([summaryOf(done), ...said].join(" "));
  const asked = askedRemovals(done, config);
  if (asked !== undefined) await pulumi.log.info(asked);
  for (const warning of planWarnings(done, config)) await pulumi.log.warn(warning);
}

/** If no declared agent has anything to do, none is seen to be left alone, so a run with --target looks like any other. */
function unlessTargeted({ agents, orphans }: FleetPlan): string[] {
  const isRemovalAll = agents.every(({ action, removals }) => action === "none" && removals.length === 0);
  const isRemoved = orphans.some(({ action }) => action === "deregister");
  return isRemovalAll && isRemoved ? ["A run with --target deregisters only what it targets."] : [];
}

function leftAlone(plan: FleetPlan, leftOut: readonly PlannedAgent[]): string[] {
  const names = leftOut.map(({ agent }) => agent.id).join(", ");
  const removals = removalsIfTargeted(plan);
  return [`Left alone, as not targeted: ${names}.`, ...(removals ? [removals] : [])];
}

/** Warns of a registration that a run has replaced, once it has: with --target it leaves others as they are. */
export function reportReplacement(planned: PlannedAgent, { registration }: Registered): void {
  if (planned.action !== "replace") return;
  registration.id.apply((id) =>
    id === planned.row?.id ? undefined : pulumi.log.warn(replacementWarning(planned), registration),
  );
}

/**
 * Where the state is not seen, the engine tells that a registration is not in it: it makes one that the plan leaves as it is, or
 * changes. Such a run refuses what differs from its declaration, once it has started what is registered.
 *
 * @throws PreflightError
 */
async function refuseStrays(hosted: Hosted): Promise<void> {
  const problems = await Promise.all(
    [...hosted].map(async ([{ action, refusedIfNew }, { registration }]) => {
      if (!refusedIfNew || !(await isKnown(registration.agentId))) return [];
      const isMade = action === "replace" ? await isLost(registration) : !(await isKnown(registration.id));
      return isMade ? [refusedIfNew] : [];
    }),
  );
  if (problems.flat().length > 0) throw new PreflightError(problems.flat());
}

/** A preview shows the making of a registration and of one in another's place alike; only the state tells them apart. */
async function isLost({ urn }: Registered["registration"]): Promise<boolean> {
  const inState = await urnsInState();
  return inState !== undefined && !inState.has(String(await knownValue(urn)));
}

/**
 * Where the state is not seen, a registration that the engine makes or replaces although nothing is to be sent is taken over. If
 * the agent has one other, that is the old one of a replacement that was interrupted.
 */
async function withEngine(planned: PlannedAgent, { registration }: Registered): Promise<PlannedAgent> {
  if (planned.action !== "none" || (await isKnown(registration.id))) return planned;
  const [old, ...more] = planned.spare;
  if (old && more.length === 0) return { ...planned, spare: [], removals: [removalOf(old)] };
  return (await isKnown(registration.agentId)) ? { ...planned, action: "adopt" } : planned;
}

/** A registration that is left out keeps its outputs; one that does not exist then has not even the inputs it was given. */
async function isDealtWith(
  { action, removals, row }: PlannedAgent,
  { registration }: Registered,
): Promise<boolean> {
  if (action === "none") {
    // The plan counts the removal of an old registration, which one that is left out still is.
    const id = removals.length > 0 ? await knownValue(registration.id) : undefined;
    return id === undefined || id === row?.id;
  }
  if (!(await isKnown(registration.agentId))) return false;
  return action === "create" || action === "adopt" || !(await isKnown(registration.revision));
}

async function sayChanges(
  { action, changes, wallet, row, removals }: PlannedAgent,
  { network, assets }: StackConfig,
  { registration }: Registered,
): Promise<void> {
  if (action === "none" && removals.length > 0 && !(await isKnown(registration.id))) {
    const taken = `registration ${row?.id ?? ""} is taken over, and the old one deregistered`;
    await pulumi.log.info(`on the chain: ${taken}; nothing is registered`, registration);
  }
  if (action === "none" || changes.length === 0) return;
  const table = assetTable(network, assets);
  const how =
    action === "replace" ? "registered anew, then the old registration is burned" : "updated in place";
  const lines = changes.map((change) => changeText(change, table));
  await pulumi.log.info(
    [`on the chain (${wallet.type}, ${how}): ${lines[0] ?? ""}`, ...lines.slice(1)].join("\n"),
    registration,
  );
}
