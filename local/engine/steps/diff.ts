import type { DiffResult } from "../providers/provider.ts";
import type { ResourceState } from "../state/resource.ts";
import { deepEquals, type PropertyMap, unwrapSecrets } from "../values.ts";
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
  if (diff.changes !== "unknown") return diff;
  const wanted = applyIgnoreChanges(newInputs, oldInputs, ignoreChanges).inputs;
  return { ...diff, changes: deepEquals(unwrapSecrets(oldInputs), unwrapSecrets(wanted)) ? "none" : "some" };
}
