import type { Urn } from "../urn.ts";
import { type EditOptions, editState, findResources } from "./edit-state.ts";

/**
 * Takes the protection away from resources in the state, or from all of them: the next run may delete or replace them. The program is not
 * asked; where it says `protect`, its next `up` protects them again. Returns the URNs that were protected.
 * @throws EngineError RESOURCE_NOT_FOUND (nothing is changed then), STACK_LOCKED
 */
export const unprotect = (options: EditOptions, which: readonly Urn[] | "all"): Promise<Urn[]> =>
  editState(options, ({ resources, pendingOperations }) => {
    const named = which === "all" ? resources : findResources(resources, which);
    const concerned = named.filter((state) => state.protect);
    for (const state of concerned) state.protect = false;
    const result = [...new Set(concerned.map(({ urn }) => urn))];
    return result.length === 0 ? { result } : { result, state: { resources, pendingOperations } };
  });
