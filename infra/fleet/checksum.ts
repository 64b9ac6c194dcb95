import { createHash } from "node:crypto";
import { MasumiError, contentOf, isLeaving, isOver, ownRows } from "../../providers/masumi/service/index.ts";
import { type FleetPlan, removalsOf } from "./plan/plan.ts";
import { type FleetInput, listingOf, rowContent } from "./registrations.ts";

/**
 * Returns a checksum of everything that a plan is made from: what is declared, and what is on the chain. The same
 * declarations against the same chain have the same checksum on every machine; anything that changes what a run would do,
 * or to which registration, changes it. The progress of a transaction (Requested, Initiated, Confirmed) does not. Nor does the
 * stack's state, which not every machine sees, unless the run deregisters an old registration that the state has.
 */
export function checksumOf({ config, survey }: FleetInput, plan: FleetPlan): string {
  const declared = plan.agents.map(({ agent, wallet, sourceAddress, action, url }) => [
    agent.id,
    action,
    wallet.vkey,
    contentOf({ wallet, sourceAddress, listing: { ...listingOf(agent), apiBaseUrl: url } }),
  ]);
  const live = ownRows(survey.rows, config.owner)
    .filter(({ state }) => !isOver(state))
    .map((row) => [row.id, row.marker, row.walletVkey, rowContent(row), conditionOf(row.state)])
    .toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
  const problems = plan.problems.map(({ code, what }) => [code, what]);
  const removed = removalsOf(plan.agents)
    .map(({ row }) => row.id)
    .toSorted();
  const ofState = removed.length > 0 ? [removed] : [];
  const text = JSON.stringify([1, config.network, config.owner, declared, live, problems, ...ofState]);
  return createHash("sha256").update(text, "utf8").digest("hex").slice(0, 16);
}

function conditionOf(state: string): string {
  if (state.endsWith("Failed")) return state;
  return isLeaving(state) ? "leaving" : "registered";
}

/**
 * Returns the error for a run whose plan is not the approved one; undefined if it may start. MASUMI_PLAN holds the checksum
 * of the approved plan, as printed by masumi-agents plan.
 */
export function approvalProblem(approved: string | undefined, checksum: string): MasumiError | undefined {
  if (!approved || approved === checksum) return undefined;
  return new MasumiError({
    code: "PLAN_CHANGED",
    what: `The approved plan (MASUMI_PLAN) has checksum ${approved}, this run's plan ${checksum}: the declarations or the chain have changed since.`,
    remedy: "Run npx masumi-agents plan again, have the new plan approved, and pass its checksum.",
  });
}
