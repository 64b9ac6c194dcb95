import { EngineError } from "../errors.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Urn } from "../urn.ts";
import { providerFor, type RunContext, type Step } from "./step.ts";

export class ProtectedResource extends EngineError {
  constructor(urn: Urn) {
    super(
      "PROTECTED",
      `Resource "${urn}" cannot be deleted, because it is protected.`,
      "Remove `protect` from the resource in the program and run `up` once more before you remove the resource.",
    );
  }
}

interface DeleteOptions {
  /** The delete is one half of a replacement, which protection does not hinder. */
  readonly replacing: boolean;
  /** The replacement does not exist yet: the resource stays in the state, marked, until it does. */
  readonly pendingReplacement: boolean;
  /** URNs that this run deletes, by now. */
  readonly deletes: ReadonlySet<Urn>;
}

export function deleteStep(context: RunContext, old: ResourceState, options: DeleteOptions): Step {
  const { snapshot, preview } = context;
  return {
    op: () => (options.replacing ? "delete-replaced" : "delete"),
    urn: old.urn,
    old,
    current: undefined,
    part: options.replacing,
    changes: () => [],
    retained: old.retainOnDelete,
    begin: () => snapshot.begin("deleting", old),
    apply: async () => {
      if (!options.replacing && old.protect) throw new ProtectedResource(old.urn);
      const goesWithAnother = old.deletedWith !== "" && options.deletes.has(old.deletedWith);
      if (!preview && old.custom && !old.retainOnDelete && !goesWithAnother) {
        const provider = await providerFor(context, old);
        await provider.delete({
          urn: old.urn,
          preview,
          id: old.id,
          inputs: old.inputs,
          outputs: old.outputs,
          timeouts: old.customTimeouts,
        });
      }
      if (options.pendingReplacement) {
        old.pendingReplacement = true;
        snapshot.changed(old);
      }
    },
    end: (outcome) => snapshot.end(old, outcome === "ok" && !old.pendingReplacement ? { done: old } : {}),
  };
}

/** The resource was deleted by an earlier run, and now nobody wants its replacement any more. */
export function removePendingReplaceStep(context: RunContext, old: ResourceState): Step {
  return {
    op: () => "remove-pending-replace",
    urn: old.urn,
    old,
    current: undefined,
    part: true,
    changes: () => [],
    apply: () => Promise.resolve(),
    end: () => context.snapshot.end(old, { done: old }),
  };
}
