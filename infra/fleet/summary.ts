import type { StackConfig } from "../config.ts";
import { extraRights } from "../declarations/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { formatAda } from "../../providers/common/amounts.ts";
import { type Row, listingTypeOf } from "../../providers/masumi/service/index.ts";
import type { RunsById } from "./checksum.ts";
import { unevaluatedWarnings } from "./evals/standing.ts";
import { type Action, type Cost, costOf, sumCosts } from "./costs.ts";
import type { Orphan } from "./plan/orphans.ts";
import { type FleetPlan, removalsOf } from "./plan/plan.ts";
import { isAllowed } from "./refusals.ts";
import type { PlannedAgent } from "./plan/plan-agent.ts";
import { keyWarnings } from "./runtime-keys.ts";

const VERBS: Readonly<Record<Exclude<Action, "none">, string>> = {
  create: "to register",
  adopt: "to take over",
  update: "to update",
  replace: "to replace",
  deregister: "to deregister",
};

/** Returns how often each planned action occurs, in a fixed order. */
export function countActions(plan: FleetPlan): (readonly [Exclude<Action, "none">, number])[] {
  const removals = removalsOf(plan.agents).map((): Action => "deregister");
  const actions = [...[...plan.agents, ...plan.orphans].map(({ action }) => action), ...removals];
  return (Object.keys(VERBS) as Exclude<Action, "none">[])
    .map((action) => [action, actions.filter((other) => other === action).length] as const)
    .filter(([, count]) => count > 0);
}

/** Returns a plan in one line. @example `On the chain: 2 to register. About 0.9 ADA in fees, 10 ADA locked.` */
export function summaryOf(plan: FleetPlan): string {
  const counts = countActions(plan).map(([action, count]) => `${count} ${VERBS[action]}`);
  if (counts.length === 0) return "On the chain: nothing to do.";
  return `On the chain: ${counts.join(", ")}. ${describeCost(plan.cost, { isMost: mayShareFees(plan) })}.`;
}

/** `About 0.42 ADA in fees, 5 ADA locked` */
export function describeCost({ fee, locked }: Cost, { isMost = false } = {}): string {
  const set = locked < 0n ? `, ${formatAda(-locked)} ADA released` : `, ${formatAda(locked)} ADA locked`;
  const about = isMost ? "At most about" : "About";
  return `${about} ${formatAda(roundUp(fee))} ADA in fees${locked === 0n ? "" : set}`;
}

/** Returns whether requests of one V2 wallet may go into one transaction, and then share its fee. */
function mayShareFees({ agents, orphans }: FleetPlan): boolean {
  const paying = [
    ...agents.map(({ wallet, cost }) => ({ ...wallet, cost })),
    ...[...orphans, ...removalsOf(agents)].map(({ row, cost }) => ({
      type: row.type,
      vkey: row.walletVkey,
      cost,
    })),
  ].filter(({ type, cost }) => type === "V2" && cost.fee > 0n);
  return new Set(paying.map(({ vkey }) => vkey)).size < paying.length;
}

/** Fees are estimates: two decimals are enough, rounded up to be on the safe side. */
const roundUp = (lovelace: bigint) => ((lovelace + 9_999n) / 10_000n) * 10_000n;

/**
 * Returns what a person should read before a run continues: replacements and their cost, old registrations that are removed,
 * orphans, open requests.
 */
export const planWarnings = (plan: FleetPlan, config: StackConfig): string[] => [
  ...plan.agents.filter(({ action }) => action === "replace").map(replacementWarning),
  ...standingWarnings(plan, config),
];

/** Returns those that hold whatever part of the plan is carried out: a run with --target may leave an agent as it is. */
export function standingWarnings(plan: FleetPlan, config: StackConfig): string[] {
  const { owner } = config;
  const names = leavingOf(plan)
    .filter(({ row }) => !isAllowed(row, config))
    .map(nameOf)
    .join(", ");
  return [
    ...plan.agents.flatMap(removalWarnings),
    ...plan.agents.flatMap(requestWarning),
    ...plan.agents.flatMap(freeWarning),
    ...keyWarnings(
      config,
      plan.agents.map(({ agent }) => agent),
    ),
    ...plan.agents.flatMap(rightsWarning),
    ...unevaluatedWarnings(
      config,
      plan.agents.map(({ agent }) => agent),
    ),
    ...plan.agents.flatMap(({ agent, failure }) => (failure ? [`${agent.id}: ${printable(failure)}`] : [])),
    ...(names
      ? [
          `No file declares these registrations of owner ${owner}: ${names}. up deregisters those in its state and burns their tokens, ` +
            "but with --target only those that it targets. To keep one, put its file back.",
        ]
      : []),
  ];
}

/** Returns what a run deregisters because somebody named it, in words; undefined if there is nothing. No warning: it is what was asked for. */
export function askedRemovals(plan: FleetPlan, config: StackConfig): string | undefined {
  const names = leavingOf(plan)
    .filter(({ row }) => isAllowed(row, config))
    .map(nameOf)
    .join(", ");
  return names === "" ? undefined : `Deregistered as asked for by masumi:allowDeregister: ${names}.`;
}

const leavingOf = ({ orphans }: FleetPlan): readonly Orphan[] =>
  orphans.filter(({ action }) => action === "deregister");

const nameOf = ({ row }: Orphan): string => `${row.listing.name} (registration ${row.id})`;

/** Returns what a run with --target deregisters only if it targets that, which no program can see; "" if there is nothing. */
export function removalsIfTargeted(plan: FleetPlan): string {
  const leaving = leavingOf(plan);
  if (leaving.length === 0) return "";
  const cost = describeCost(sumCosts(leaving.map((orphan) => orphan.cost)));
  return `Deregistered only if targeted: ${leaving.map(nameOf).join(", ")}. ${cost}.`;
}

/** Who approves a plan approves what an author's own image may do. */
function rightsWarning({ agent }: PlannedAgent): string[] {
  const rights = extraRights(agent);
  return rights.length === 0
    ? []
    : [`The image of ${agent.id} may do more than others: it ${rights.join(", ")}.`];
}

export function replacementWarning(planned: PlannedAgent): string {
  const { agent, wallet } = planned;
  const { fee } = costOf("replace", wallet.type);
  return (
    `${agent.id} is REPLACED on the chain: ${whyReplaced(planned)}. This takes two transactions (about ${formatAda(roundUp(fee))} ADA), ` +
    "and the agent gets a new identifier. The registry ranks it by its age, which starts anew."
  );
}

function whyReplaced({ agent, fields, row }: PlannedAgent): string {
  if (fields.includes("wallet")) return "it moves to another wallet";
  if (fields.length === 0) return `its registration is ${row?.state ?? "lost"}`;
  const changed = `(changed: ${fields.join(", ")})`;
  if (row?.type === "V1") return `V1 registrations cannot be changed in place ${changed}`;
  const type = row ? listingTypeOf(row.listing) : "standard";
  const wanted = agent.listing?.type ?? "standard";
  return type === wanted
    ? `registrations of the type ${type} cannot be changed in place ${changed}`
    : `its type changes from ${type} to ${wanted}, which no registration can do in place`;
}

const removalWarnings = ({ agent, row: kept, removals }: PlannedAgent): string[] =>
  removals.map(({ row, cost }) => {
    const keeps = kept ? ` and keeps registration ${kept.id}` : "";
    return (
      `up deregisters the old registration ${row.id} of ${agent.id} (${row.state}; a fee of about ` +
      `${formatAda(roundUp(cost.fee))} ADA)${keeps}: the stack's state still has it, from a replacement that was interrupted.`
    );
  });

/** Returns which agents have registrations besides. A run names them itself, once it knows which one its state has. */
export const duplicateWarnings = (plan: FleetPlan): string[] =>
  plan.agents
    .filter(({ spare }) => spare.length > 0)
    .map((planned) => duplicateWarning(planned, plan.knowsState));

/** A run burns what its state gives up, such as the old registration of a replacement that was interrupted; no other. */
function duplicateWarning({ agent, row, spare }: PlannedAgent, knowsState: boolean): string {
  const others = spare.map(({ id, state }) => `${id} (${state})`).join(", ");
  const fate = knowsState ? leftAlone(others) : removedIfHeld(others, spare);
  return `${agent.id} is registered ${spare.length + 1} times. Registration ${row?.id ?? ""} is kept. ${fate}`;
}

const leftAlone = (others: string): string => `Deregister ${others} in the payment service; up does not.`;

/** Only the state tells a double from the old registration of a replacement that was interrupted. */
function removedIfHeld(others: string, spare: readonly Row[]): string {
  const { fee } = sumCosts(spare.map(({ type }) => costOf("deregister", type)));
  return (
    `If the stack's state still has ${others}, up deregisters what it has (a fee of up to ${formatAda(roundUp(fee))} ADA); ` +
    "if not, deregister it in the payment service."
  );
}

/** Without a price there is no key to take payments with, so what was paid for before could not be delivered. */
const freeWarning = ({ agent, changes }: PlannedAgent): string[] =>
  agent.source.kind !== "url" &&
  agent.pricing.type === "free" &&
  changes.some(({ field }) => field === "pricing")
    ? [
        `${agent.id} becomes free, and its crew loses the key that takes payments: jobs that were paid for and are not done end in ` +
          "refunds. Wait until none is open.",
      ]
    : [];

const requestWarning = ({ agent, requestedAt }: PlannedAgent): string[] =>
  requestedAt === undefined
    ? []
    : [
        `The registration of ${agent.id} was requested at ${new Date(requestedAt).toISOString()}, and what became of it is not ` +
          "known yet. It is looked for before anything is sent again.",
      ];

/** Returns what the Dockerfiles of authors' images leave open. */
export const dockerfileWarnings = ({ agents }: FleetPlan, runs: RunsById): string[] =>
  agents.flatMap(({ agent: { id, file, hosting } }) => {
    const { movable = [], userWithoutData: user } = runs.get(id) ?? {};
    return [
      ...(movable.length === 0
        ? []
        : [
            `The Dockerfile of ${file} builds on ${printable(movable.join(", "))} without a digest: its registry may change what is ` +
              "built after the plan was approved. Name it as <image>@sha256:<digest>.",
          ]),
      ...(user === undefined
        ? []
        : [
            `The Dockerfile of ${file} runs as ${printable(user)} and declares no VOLUME /data, so with hosting ${hosting} only root can ` +
              `write there. If the agent has to: RUN mkdir -p /data && chown ${printable(user)} /data, and after it VOLUME /data.`,
          ]),
    ];
  });

/** Returns what is locked only once the run begins, so that it will not be what was approved. */
export const unlockedWarnings = ({ agents }: FleetPlan, runs: RunsById): string[] => [
  ...new Set(
    agents.flatMap(({ agent: { id } }) => {
      const unlocked = runs.get(id)?.unlocked;
      return unlocked === undefined
        ? []
        : [`${printable(unlocked)}. Without that, up locks them before it runs.`];
    }),
  ),
];
