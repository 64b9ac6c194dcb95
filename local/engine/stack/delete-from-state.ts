import { EngineError } from "../errors.ts";
import { DependencyGraph } from "../state/graph.ts";
import type { ResourceState } from "../state/resource.ts";
import { nameOf, type Urn } from "../urn.ts";
import { type EditOptions, editState, findResources } from "./edit-state.ts";

export interface DeleteFromStateOptions extends EditOptions {
  /** Protected resources too. */
  readonly force?: boolean;
  /** With everything that depends on them or is a child of theirs. */
  readonly targetDependents?: boolean;
}

/**
 * Forgets resources: takes their records out of the state, and leaves what they stand for alone, like `pulumi state delete`. Returns the
 * URNs that were forgotten, dependents first.
 * @throws EngineError RESOURCE_NOT_FOUND, RESOURCE_AMBIGUOUS, RESOURCE_NEEDED, PROTECTED (nothing is changed then), STACK_LOCKED
 */
export const deleteFromState = (
  options: DeleteFromStateOptions,
  which: readonly Urn[] | "all",
): Promise<Urn[]> =>
  editState(options, ({ resources, pendingOperations }) => {
    const named = new Set(which === "all" ? resources : findResources(resources, which));
    if (which !== "all") refuseAmbiguous(named);
    const condemned = withDependents(resources, named, options.targetDependents === true);
    if (options.force !== true) refuseProtected(condemned);
    const result = [...condemned].toReversed().map(({ urn }) => urn);
    if (result.length === 0) return { result };
    const left = resources.filter((state) => !condemned.has(state));
    return { result, state: { resources: left, pendingOperations } };
  });

/** A resource and those that it replaced share one URN. */
function refuseAmbiguous(named: ReadonlySet<ResourceState>): void {
  const urns = [...named].map(({ urn }) => urn);
  const several = urns.find((urn, index) => urns.indexOf(urn) !== index);
  if (several === undefined) return;
  throw new EngineError(
    "RESOURCE_AMBIGUOUS",
    `The state has several records of ${several}: one that was replaced is still to be deleted.`,
    "Run `up`: it deletes the one that was replaced.",
  );
}

/** In the order of the state. @throws EngineError RESOURCE_NEEDED */
function withDependents(
  resources: readonly ResourceState[],
  named: ReadonlySet<ResourceState>,
  allowed: boolean,
): Set<ResourceState> {
  const condemned = new DependencyGraph(resources).withDependents(named);
  const needing = [...condemned].filter((state) => !named.has(state));
  if (needing.length === 0 || allowed) return condemned;
  throw new EngineError(
    "RESOURCE_NEEDED",
    [
      `${[...named].map(({ urn }) => urn).join(", ")}: these resources depend on it:`,
      ...needing.map(({ urn }) => `  * ${nameOf(urn)} (${urn})`),
    ].join("\n"),
    "Delete them too: name them, or add --target-dependents.",
  );
}

function refuseProtected(condemned: Iterable<ResourceState>): void {
  const guarded = [...condemned].filter(({ protect }) => protect);
  if (guarded.length === 0) return;
  throw new EngineError(
    "PROTECTED",
    `${guarded.map(({ urn }) => urn).join(", ")} cannot be deleted from the state, because it is protected.`,
    "To delete it all the same, add --force.",
  );
}
