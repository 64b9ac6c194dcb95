import { InitFailed } from "../providers/provider.ts";
import type { ResourceState } from "../state/resource.ts";
import { changesBetween, reuseUnchanged } from "../values.ts";
import type { Registration } from "./registration.ts";
import { providerFor, type RunContext, type Step } from "./step.ts";

export function updateStep(
  context: RunContext,
  registration: Registration,
  old: ResourceState,
  current: ResourceState,
): Step {
  const { snapshot } = context;
  return {
    op: () => "update",
    urn: current.urn,
    old,
    current,
    part: false,
    changes: () => changesBetween(old.inputs, current.inputs),
    begin: () => {
      current.id = old.id;
      return snapshot.begin("updating", current);
    },
    apply: async () => {
      current.id = old.id;
      current.inputs = reuseUnchanged(old.inputs, current.inputs);
      // A component's outputs come later, by themselves.
      if (current.custom) await updateOutside(context, old, current);
    },
    end: (outcome) => snapshot.end(current, outcome === "failed" ? {} : { done: old, current }),
    complete: () => registration.done(current),
  };
}

/** Calls the provider and records what became of the resource. @throws InitFailed */
async function updateOutside(context: RunContext, old: ResourceState, current: ResourceState): Promise<void> {
  const provider = await providerFor(context, current);
  try {
    const { outputs } = await provider.update({
      urn: current.urn,
      preview: context.preview,
      id: old.id,
      oldInputs: old.inputs,
      oldOutputs: old.outputs,
      newInputs: current.inputs,
      ignoreChanges: current.ignoreChanges,
      timeouts: current.customTimeouts,
    });
    current.outputs = reuseUnchanged(old.outputs, outputs);
  } catch (error) {
    if (!(error instanceof InitFailed)) throw error;
    // What exists was not made of the new inputs, so the next run must see the difference again.
    current.inputs = old.inputs;
    current.outputs = error.outputs;
    current.initErrors = error.reasons;
    throw error;
  } finally {
    current.modified = new Date().toISOString();
  }
}
