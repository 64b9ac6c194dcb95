import { DependencyGraph } from "../state/graph.ts";
import type { ResourceState } from "../state/resource.ts";
import { deleteStep, removePendingReplaceStep } from "./delete.ts";
import type { StepExecutor } from "./executor.ts";
import type { Decisions } from "./decisions.ts";
import type { RunContext, Step } from "./step.ts";

/**
 * The end of a run: deletes what was replaced, and what the program does not want any more, dependents first. Resources that do not
 * depend on each other are deleted at the same time. False: something was refused, and reported.
 * @throws EngineError PROVIDER_NOT_TRUSTED, or that a provider cannot be started, before the first is deleted
 */
export async function performDeletes(
  context: RunContext,
  decisions: Decisions,
  executor: StepExecutor,
): Promise<boolean> {
  const graph = new DependencyGraph(context.base.resources);
  const deleting = new Map<ResourceState, Step>();
  const allowed = targeted(context, graph);
  for (const state of context.base.resources) {
    const step = allowed.has(state) ? deletionOf(context, decisions, state) : undefined;
    if (step !== undefined) deleting.set(state, step);
  }
  context.trust.checkAll(deleting.keys());
  const untargeted = reportUntargeted(context, deleting.keys());
  // A preview goes on, so that all that would go is shown.
  if (untargeted && !context.preview) return false;
  // Half of a stack that is gone helps nobody: a provider that is missing would only be noticed when its turn comes.
  await context.registry.allStarted([...deleting.keys()].map(({ provider }) => provider));
  for (const layer of layers(graph, deleting)) {
    // A protected resource stays, and with it all that it depends on.
    const kept = new Set(
      executor.refused.flatMap(({ old }) =>
        old === undefined ? [] : [...graph.transitiveDependenciesOf(old)],
      ),
    );
    await executor.runAll(layer.filter(({ old }) => old === undefined || !kept.has(old)));
  }
  return !untargeted;
}

/** The resources that the run may delete: its targets, and what cannot exist without them. */
function targeted({ base, targets }: RunContext, graph: DependencyGraph): ReadonlySet<ResourceState> {
  return graph.withDependents(new Set(base.resources.filter(({ urn }) => targets.name(urn))));
}

/** What goes with a target must be named too, unless all of it was allowed. Whether something was not. */
function reportUntargeted({ targets, reporter }: RunContext, deleting: Iterable<ResourceState>): boolean {
  if (targets.withDependents) return false;
  const unnamed = [...deleting].filter(({ urn }) => !targets.name(urn));
  for (const { urn } of unnamed) {
    reporter.error(
      `TARGET_NEEDS_OTHER: Resource '${urn}' would be deleted with what it depends on, and no target names it.\n` +
        "Name it too, or all such resources with --target-dependents.",
      urn,
    );
  }
  return unnamed.length > 0;
}

function deletionOf(context: RunContext, decisions: Decisions, state: ResourceState): Step | undefined {
  const { deletes, deleted, sames, updates, replaces, aliases } = decisions;
  const urn = aliases.presentOf(state.urn);
  const wanted = sames.has(urn) || updates.has(urn) || replaces.has(urn);
  if (state.delete ? deleted.has(state) : wanted) return undefined;
  deletes.add(state.urn);
  context.registry.ensure(state.provider, context.base.resources);
  if (!state.delete && state.pendingReplacement) return removePendingReplaceStep(context, state);
  return deleteStep(context, state, { replacing: state.delete, pendingReplacement: false, deletes });
}

/** Groups the deletes: no member of a layer needs another of it, and what a resource needs lies in a later layer. */
function layers(graph: DependencyGraph, deleting: ReadonlyMap<ResourceState, Step>): Step[][] {
  const left = new Map(deleting);
  const needs = new Map([...deleting.keys()].map((state) => [state, graph.dependenciesOf(state)]));
  const result: Step[][] = [];
  while (left.size > 0) {
    const free = [...left].filter(
      ([state]) => ![...(needs.get(state) ?? [])].some((needed) => left.has(needed)),
    );
    for (const [state] of free) left.delete(state);
    result.unshift(free.map(([, step]) => step));
  }
  return result;
}
