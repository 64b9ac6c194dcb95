import { createHash } from "node:crypto";
import {
  MasumiError,
  contentOf,
  isLeaving,
  isOver,
  marker,
  ownRows,
} from "../../providers/masumi/service/index.ts";
import type { WhatRuns } from "../declarations/index.ts";
import type { Action } from "./costs.ts";
import { type FleetPlan, removalsOf } from "./plan/plan.ts";
import type { PlannedAgent } from "./plan/plan-agent.ts";
import { type FleetInput, listingOf, rowContent } from "./registrations.ts";

/** Hex digits of each half: enough that nobody finds two declarations with the same one. */
const HALF = 32;

/** What a run would run of each agent, by its id. */
export type RunsById = ReadonlyMap<string, WhatRuns>;

/**
 * Returns a checksum of everything that a plan is made from, as 64 hex digits: the first half is about the registrations, the
 * second about what runs. A run can thus say which of them is not the approved one.
 */
export const checksumOf = (input: FleetInput, plan: FleetPlan, runs: RunsById): string =>
  halfOf(ofRegistrations(input, plan)) + halfOf(ofRuns(runs));

const halfOf = (content: unknown): string =>
  createHash("sha256").update(JSON.stringify(content), "utf8").digest("hex").slice(0, HALF);

const ofRuns = (runs: RunsById) =>
  [...runs].map(([id, { digest }]) => [id, digest]).toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));

/**
 * Returns what is declared, and what is on the chain. The same declarations against the same chain are the same on every
 * machine; anything that changes what a run would do to a registration, or to which, changes it. The progress of a transaction (Requested, Initiated, Confirmed) does not. Nor does the
 * stack's state, which not every machine sees, unless the run deregisters an old registration that the state has.
 */
function ofRegistrations({ config, survey }: FleetInput, plan: FleetPlan): unknown {
  const declared = plan.agents.map((planned) => {
    const { agent, wallet, sourceAddress, url } = planned;
    const listing = { ...listingOf(agent), apiBaseUrl: url };
    const content = contentOf({ wallet, sourceAddress, listing });
    return [agent.id, actionAnywhere(planned, config.owner), wallet.vkey, content];
  });
  const live = ownRows(survey.rows, config.owner)
    .filter(({ state }) => !isOver(state))
    .map((row) => [row.id, row.marker, row.walletVkey, rowContent(row), conditionOf(row.state)])
    .toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
  const problems = plan.problems.map(({ code, what }) => [code, what]);
  const removed = removalsOf(plan.agents)
    .map(({ row }) => row.id)
    .toSorted();
  const ofState = removed.length > 0 ? [removed] : [];
  return [1, config.network, config.owner, declared, live, problems, ...ofState];
}

/** Not every machine sees whether a registration of ours is in the state already, or is taken over. */
const actionAnywhere = ({ agent, action, row }: PlannedAgent, owner: string): Action =>
  action === "adopt" && row?.markers.includes(marker(owner, agent.id)) ? "none" : action;

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
    what: `The approved plan (MASUMI_PLAN) has checksum ${approved}, this run's plan ${checksum}: ${differenceOf(approved, checksum)}.`,
    remedy: "Run npx masumi-agents plan again, have the new plan approved, and pass its checksum.",
  });
}

function differenceOf(approved: string, checksum: string): string {
  if (approved.length !== checksum.length) return "the first is no checksum of this release's plans";
  const registrations = approved.slice(0, HALF) !== checksum.slice(0, HALF);
  const runs = approved.slice(HALF) !== checksum.slice(HALF);
  const changed = [
    ...(registrations ? ["the registrations (what is declared, or what is on the chain)"] : []),
    ...(runs
      ? ["what runs (an image, a crew, code, a document, the crew runtime, a hosting or a size)"]
      : []),
  ];
  return `since then, there has been a change of ${changed.join(", and of ")}`;
}
