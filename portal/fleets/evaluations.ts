import { readRecord } from "../../infra/fleet/index.ts";
import { loadStackAgents } from "../../stacks/agents.ts";
import { evalStandings } from "../../stacks/eval/stack.ts";
import type { AgentRow } from "../database/agents.ts";
import type { FleetDirectory } from "./fleets.ts";

/** How an agent was last evaluated, as its owner sees it. */
export interface SeenEvaluations {
  readonly evaluatedAt: string;
  /** Digest of what was evaluated. */
  readonly declaration: string;
  readonly isCurrent: boolean;
  readonly passed: boolean;
  /** Whether no language model was asked, but the stub. */
  readonly isStub: boolean;
  readonly evals: { readonly name: string; readonly passed: boolean }[];
}

/**
 * Returns how an agent did when it was last evaluated where its fleet is deployed, and whether it still is what was evaluated; undefined if it
 * was not. What was said of its results stays with the operator: a check may quote them.
 */
export function evaluationsOf(
  fleets: FleetDirectory,
  { id, fleet }: Pick<AgentRow, "id" | "fleet">,
): SeenEvaluations | undefined {
  const { stack } = fleets.named(fleet);
  const project = fleets.projectOf(fleet);
  if (readRecord(project.root, stack, id) === undefined) return undefined;
  const agent = loadStackAgents(project, stack).readable.find((one) => one.id === id);
  const standing = agent && evalStandings(project, stack, [agent]).get(id);
  if (!standing?.record) return undefined;
  const { state, record } = standing;
  const { time, digest, evals, model } = record;
  return {
    evaluatedAt: time,
    declaration: digest,
    isCurrent: state === "passed" || state === "failed",
    passed: evals.every(({ passed }) => passed),
    isStub: model.api === null,
    evals: evals.map(({ name, passed }) => ({ name, passed })),
  };
}
