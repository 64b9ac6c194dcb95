import { InitFailed } from "../providers/provider.ts";
import type { ResourceState } from "../state/resource.ts";
import { changesBetween, type PropertyChange } from "../values.ts";
import type { Registration } from "./registration.ts";
import { providerFor, type RunContext, type Step } from "./step.ts";

/** Creates a resource that the state does not hold. */
export function createStep(context: RunContext, registration: Registration, current: ResourceState): Step {
  return {
    op: () => "create",
    urn: current.urn,
    old: undefined,
    current,
    part: false,
    changes: () => [],
    ...creation(context, registration, current, undefined, false),
  };
}

/**
 * Creates the replacement of a resource. With `pendingDelete` the old one exists still: it is marked to be deleted at the end of the run,
 * in the same write that records the new one.
 */
export function createReplacementStep(
  context: RunContext,
  registration: Registration,
  old: ResourceState,
  current: ResourceState,
  pendingDelete: boolean,
): Step {
  return {
    op: () => "create-replacement",
    urn: current.urn,
    old,
    current,
    part: true,
    changes: () => changesBetween(old.inputs, current.inputs),
    ...creation(context, registration, current, old, pendingDelete),
  };
}

/** Stands for the replacement as a whole: it is what is counted and shown. */
export function replaceStep(old: ResourceState, current: ResourceState): Step {
  const changes: () => readonly PropertyChange[] = () => changesBetween(old.inputs, current.inputs);
  return {
    op: () => "replace",
    urn: current.urn,
    old,
    current,
    part: false,
    changes,
    apply: () => Promise.resolve(),
  };
}

function creation(
  context: RunContext,
  registration: Registration,
  current: ResourceState,
  old: ResourceState | undefined,
  pendingDelete: boolean,
): Pick<Step, "begin" | "apply" | "end" | "complete"> {
  const { snapshot, preview } = context;
  const created = (id: string, outputs: ResourceState["outputs"]): void => {
    current.id = id;
    current.outputs = outputs;
    current.created = new Date().toISOString();
    current.modified = current.created;
    if (old !== undefined && pendingDelete) {
      old.delete = true;
      snapshot.changed(old);
    }
  };
  return {
    begin: () => snapshot.begin("creating", current),
    apply: async () => {
      if (!current.custom) return created("", current.outputs);
      const provider = await providerFor(context, current);
      try {
        const { id, outputs } = await provider.create({
          urn: current.urn,
          preview,
          inputs: current.inputs,
          timeouts: current.customTimeouts,
        });
        return created(id, outputs);
      } catch (error) {
        if (error instanceof InitFailed) {
          created(error.id, error.outputs);
          current.initErrors = error.reasons;
        }
        throw error;
      }
    },
    end: (outcome) => {
      if (outcome === "failed") return snapshot.end(current, {});
      return snapshot.end(current, { current, done: old?.pendingReplacement === true ? old : undefined });
    },
    complete: () => registration.done(current),
  };
}
