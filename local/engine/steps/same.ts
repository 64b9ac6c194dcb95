import type { ResourceState } from "../state/resource.ts";
import { isProviderType } from "../urn.ts";
import { reuseUnchanged } from "../values.ts";
import type { Registration } from "./registration.ts";
import type { RunContext, Step } from "./step.ts";

/** Nothing to do: id and outputs stay, what the engine records about the resource (inputs, dependencies, options) is taken anew. */
export function sameStep(
  context: RunContext,
  registration: Registration,
  old: ResourceState,
  current: ResourceState,
): Step {
  return {
    op: () => "same",
    urn: current.urn,
    old,
    current,
    part: false,
    changes: () => [],
    apply: () => {
      current.id = old.id;
      current.outputs = old.outputs;
      current.inputs = reuseUnchanged(old.inputs, current.inputs);
      if (isProviderType(current.type)) context.registry.same({ ...current, inputs: old.inputs });
      return Promise.resolve();
    },
    end: (outcome) => (outcome === "ok" ? context.snapshot.same(old, current) : Promise.resolve()),
    complete: () => registration.done(current),
  };
}
