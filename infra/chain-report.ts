import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "./config.ts";
import { assetTable } from "./declarations/index.ts";
import {
  type FleetPlan,
  type PlannedAgent,
  changeText,
  planWarnings,
  removalsIfTargeted,
  replacementWarning,
  restrictPlan,
  summaryOf,
} from "./fleet/index.ts";
import { isKnown } from "./known.ts";
import type { MasumiAgent } from "./masumi-agent.ts";

/**
 * Says in a preview what the run would do on the chain: under each registration what changes, then all in one line. With
 * --target that is less than the plan, and only what the engine does with each registration tells.
 */
export async function reportPreview(
  plan: FleetPlan,
  config: StackConfig,
  hosted: ReadonlyMap<PlannedAgent, MasumiAgent>,
): Promise<void> {
  const leftOut = new Set<PlannedAgent>();
  for (const [planned, agent] of hosted) {
    if (!(await isDealtWith(planned, agent))) leftOut.add(planned);
    else await sayChanges(planned, config, agent);
  }
  const done = leftOut.size === 0 ? plan : restrictPlan(plan, (planned) => !leftOut.has(planned));
  await pulumi.log.info([summaryOf(done), ...leftAlone(plan, leftOut)].join(" "));
  for (const warning of planWarnings(done, config)) await pulumi.log.warn(warning);
}

function leftAlone(plan: FleetPlan, leftOut: ReadonlySet<PlannedAgent>): string[] {
  if (leftOut.size === 0) return [];
  const names = [...leftOut].map(({ agent }) => agent.id).join(", ");
  const removals = removalsIfTargeted(plan);
  return [`Left alone, as not targeted: ${names}.`, ...(removals ? [removals] : [])];
}

/** Warns of each registration that a run has replaced, once it has: with --target it leaves others as they are. */
export function reportReplacements(hosted: ReadonlyMap<PlannedAgent, MasumiAgent>): void {
  for (const [planned, { registration }] of hosted) {
    if (planned.action !== "replace") continue;
    registration.id.apply((id) =>
      id === planned.row?.id ? undefined : pulumi.log.warn(replacementWarning(planned), registration),
    );
  }
}

/** A registration that is left out keeps its outputs; one that does not exist then has not even the inputs it was given. */
async function isDealtWith({ action }: PlannedAgent, { registration }: MasumiAgent): Promise<boolean> {
  if (action === "none") return true;
  if (!(await isKnown(registration.agentId))) return false;
  return action === "create" || action === "adopt" || !(await isKnown(registration.revision));
}

async function sayChanges(
  { action, changes, wallet }: PlannedAgent,
  { network, assets }: StackConfig,
  { registration }: MasumiAgent,
): Promise<void> {
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
