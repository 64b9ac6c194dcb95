import type { DiffResult } from "../providers/provider.ts";
import type { ResourceState } from "../state/resource.ts";
import { isProviderType, parseProviderRef, type Urn } from "../urn.ts";
import { type PropertyMap, UNKNOWN, type Value } from "../values.ts";
import { createReplacementStep, replaceStep } from "./create.ts";
import { deleteStep } from "./delete.ts";
import { Bail, type Decisions } from "./decisions.ts";
import { diffResource } from "./diff.ts";
import type { Registration } from "./registration.ts";
import type { RunContext, Step } from "./step.ts";

/**
 * The steps of a replacement. By default the new resource is created first and the old one deleted at the end of the run, when all that
 * depended on it points to the new one. Where the two cannot exist side by side, the old one goes first, and before it whatever would
 * have to be replaced with it.
 */
export async function planReplacement(
  context: RunContext,
  decisions: Decisions,
  registration: Registration,
  old: ResourceState,
  current: ResourceState,
  diff: DiffResult,
): Promise<readonly Step[]> {
  if (!(registration.goal.deleteBeforeReplace ?? diff.deleteBeforeReplace)) {
    return [createReplacementStep(context, registration, old, current, true), replaceStep(old, current)];
  }
  const steps = await deleteDependents(context, decisions, old);
  context.registry.ensure(old.provider, context.base.resources);
  // An earlier run may have deleted it already, and failed to create its replacement.
  if (!old.pendingReplacement) {
    decisions.deletes.add(old.urn);
    steps.push(
      deleteStep(context, old, { replacing: true, pendingReplacement: true, deletes: decisions.deletes }),
    );
  }
  return [
    ...steps,
    replaceStep(old, current),
    createReplacementStep(context, registration, old, current, false),
  ];
}

/** Deletes what would have to be replaced with `old`, or goes with it; what depends on others goes before them. */
async function deleteDependents(
  context: RunContext,
  decisions: Decisions,
  old: ResourceState,
): Promise<Step[]> {
  const { deletes, deleted } = decisions;
  const dependents = [
    ...(await dependentReplacements(context, decisions, old)),
    ...deletedWith(context, old.urn),
  ];
  const steps: Step[] = [];
  for (const dependent of dependents.toReversed()) {
    if (deleted.has(dependent)) continue;
    // One that is marked for deletion has been replaced already.
    const replacing = !dependent.delete;
    if (replacing) refuseProtected(context, dependent, old.urn);
    steps.push(deleteStep(context, dependent, { replacing, pendingReplacement: replacing, deletes }));
    deletes.add(dependent.urn);
    deleted.add(dependent);
  }
  return steps;
}

function refuseProtected({ reporter }: RunContext, dependent: ResourceState, root: Urn): void {
  if (!dependent.protect) return;
  reporter.error(
    `unable to replace resource "${dependent.urn}" as part of replacing "${root}" as it is currently marked for protection. ` +
      "To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
    root,
  );
  throw new Bail(`${dependent.urn} is protected`);
}

/**
 * The resources that have to be replaced when `root` is: those that depend on it, and whose provider says "replace" when the inputs that
 * come from a replaced resource are taken as unknown. In the order of the state.
 */
async function dependentReplacements(
  context: RunContext,
  decisions: Decisions,
  root: ResourceState,
): Promise<ResourceState[]> {
  const { creates, sames, updates, replaces, deletes, aliases } = decisions;
  // What was registered before the root cannot depend on it any more.
  const settled = new Set([...creates, ...sames, ...updates, ...replaces, ...deletes]);
  for (const { urn } of context.base.resources) if (settled.has(aliases.presentOf(urn))) settled.add(urn);
  const replaced = new Set<Urn>([root.urn]);
  const found: ResourceState[] = [];
  for (const candidate of context.base.graph.dependentsOf(root, settled)) {
    if (!(await mustReplace(context, candidate, replaced))) continue;
    replaced.add(candidate.urn);
    found.push(candidate);
  }
  return found;
}

async function mustReplace(
  context: RunContext,
  candidate: ResourceState,
  replaced: ReadonlySet<Urn>,
): Promise<boolean> {
  if (!candidate.custom) return false;
  if (candidate.provider !== "" && replaced.has(parseProviderRef(candidate.provider).urn)) {
    context.registry.ensure(candidate.provider, context.base.resources);
    return true;
  }
  if (candidate.deletedWith !== "" && replaced.has(candidate.deletedWith)) return true;

  const dependent = (key: string): boolean =>
    (candidate.propertyDependencies[key] ?? []).some((urn) => replaced.has(urn));
  if (!Object.keys(candidate.inputs).some(dependent)) return false;
  const inputs: PropertyMap = Object.fromEntries(
    Object.entries(candidate.inputs).map(([key, value]): [string, Value] => [
      key,
      dependent(key) ? UNKNOWN : value,
    ]),
  );
  if (isProviderType(candidate.type)) context.registry.load(candidate);
  else context.registry.ensure(candidate.provider, context.base.resources);
  const diff = await diffResource(context, candidate, inputs, candidate, true);
  return diff.replaceKeys.length > 0;
}

/** Resources that go when `urn` goes. */
function deletedWith({ base }: RunContext, urn: Urn): ResourceState[] {
  return [...base.byUrn.values()].filter((state) => state.deletedWith === urn);
}
