import type { DiffResult } from "../providers/provider.ts";
import type { ResourceState } from "../state/resource.ts";
import { deepEquals, type PropertyMap, unwrapSecrets } from "../values.ts";
import { parseProviderRef } from "../urn.ts";
import type { Aliases } from "./aliases.ts";
import { applyIgnoreChanges } from "./ignore-changes.ts";
import { providerFor, type RunContext } from "./step.ts";

/**
 * Compares what exists (`old`) with the inputs that are wanted. The provider of `providedBy` decides, heeding its ignoreChanges; one
 * without an opinion leaves it to the inputs. With `unknowns` the inputs may hold values that are not known yet.
 */
export async function diffResource(
  context: RunContext,
  old: ResourceState,
  newInputs: PropertyMap,
  providedBy: ResourceState,
  unknowns = context.preview,
): Promise<DiffResult> {
  const provider = await providerFor(context, providedBy);
  const { urn, ignoreChanges } = providedBy;
  const { id, inputs: oldInputs, outputs: oldOutputs } = old;
  const diff = await provider.diff({
    urn,
    preview: unknowns,
    id,
    oldInputs,
    oldOutputs,
    newInputs,
    ignoreChanges,
  });
  if (diff.unavailable !== undefined) context.reporter.warning(diff.unavailable, urn);
  if (diff.changes !== "unknown") return diff;
  const wanted = applyIgnoreChanges(newInputs, oldInputs, ignoreChanges).inputs;
  return { ...diff, changes: deepEquals(unwrapSecrets(oldInputs), unwrapSecrets(wanted)) ? "none" : "some" };
}

/**
 * Whether a resource has to be replaced because another provider manages it now. Another version of a provider, or another default
 * provider, is no reason by itself: the new one compares the configurations, and may say so.
 */
export async function providerForcesReplacement(
  context: RunContext,
  aliases: Aliases,
  old: ResourceState,
  current: ResourceState,
): Promise<boolean> {
  if (old.provider === current.provider) return false;
  if (old.provider === "" || current.provider === "") return true;
  const { urn: oldUrn, id: oldId } = parseProviderRef(old.provider);
  const { urn } = parseProviderRef(current.provider);
  if (aliases.takenBy(oldUrn) === urn) return false;
  const { resources, byUrn } = context.base;
  const before = byUrn.get(oldUrn) ?? resources.find((state) => state.urn === oldUrn && state.id === oldId);
  if (before === undefined) return false;
  const { __internal: _internal, ...oldInputs } = before.inputs;
  const provider = await context.registry.get(current.provider);
  const diff = await provider.diffConfig({
    urn,
    oldInputs,
    oldOutputs: before.outputs,
    newInputs: context.registry.inputsOf(current.provider),
    ignoreChanges: [],
  });
  return diff.replaceKeys.length > 0;
}
