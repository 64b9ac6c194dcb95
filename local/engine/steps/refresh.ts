import { InitFailed } from "../providers/provider.ts";
import type { ResourceState } from "../state/resource.ts";
import type { StepOp } from "../types.ts";
import { isProviderType } from "../urn.ts";
import { changesBetween, deepEquals, reuseUnchanged } from "../values.ts";
import { diffResource } from "./diff.ts";
import { providerFor, type RunContext, type Step } from "./step.ts";

/** A step that asks the provider what became of a resource. Nothing is written: the refresh as a whole replaces the base of the snapshot. */
export interface RefreshStep extends Step {
  /** After `apply`: the state as it is now; undefined when the resource is gone. */
  result(): ResourceState | undefined;
}

/** `counted`: the refresh is what the run is for, not only its beginning. */
export function refreshStep(context: RunContext, old: ResourceState, counted: boolean): RefreshStep {
  let result: ResourceState | undefined = old;
  let op: StepOp = "refresh";
  return {
    op: () => op,
    urn: old.urn,
    old,
    current: undefined,
    part: !counted,
    changes: () =>
      result === undefined || result === old ? [] : changesBetween(old.outputs, result.outputs),
    result: () => result,
    apply: async () => {
      if (!old.custom || isProviderType(old.type) || old.pendingReplacement) {
        op = "same";
        return;
      }
      result = await readResource(context, old);
      if (result === undefined) {
        op = "delete";
        return;
      }
      // What the provider would change back to the inputs of the state is a difference.
      const { changes } = await diffResource(context, result, old.inputs, old);
      op = changes === "some" ? "update" : "same";
    },
  };
}

async function readResource(context: RunContext, old: ResourceState): Promise<ResourceState | undefined> {
  const { urn, id, inputs, outputs } = old;
  const provider = await providerFor(context, old);
  const read = await provider
    .read({ urn, preview: false, id, inputs, outputs, timeouts: old.customTimeouts })
    .catch((error: unknown) => {
      if (!(error instanceof InitFailed)) throw error;
      context.reporter.warning(`Refreshed resource is in an unhealthy state:\n${error.message}`, urn);
      return { id: error.id, outputs: error.outputs, inputs: error.inputs, initErrors: error.reasons };
    });
  if (read.id === "") return undefined;
  const current: ResourceState = {
    ...old,
    id: read.id,
    inputs: reuseUnchanged(inputs, read.inputs ?? inputs),
    outputs: reuseUnchanged(outputs, read.outputs),
    initErrors: "initErrors" in read ? read.initErrors : [],
  };
  if (!deepEquals(current.inputs, inputs) || !deepEquals(current.outputs, outputs))
    current.modified = new Date().toISOString();
  return current;
}
