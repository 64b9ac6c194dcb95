import { makeUrn, parseProviderRef, parseUrn, providerRef, ROOT_STACK_TYPE, type Urn } from "../urn.ts";
import type { ResourceState } from "./resource.ts";

/** Former to present URNs. */
export type Renames = ReadonlyMap<Urn, Urn>;

/**
 * What was renamed by resources that are in the state under a new URN: those themselves, and what still stands below them under the URN
 * that the former parent gave it.
 */
export function renamesOf(resources: readonly ResourceState[]): Renames {
  const renames = new Map<Urn, Urn>();
  for (const { urn, parent, aliases } of resources) {
    for (const alias of aliases) renames.set(alias, urn);
    const newParent = renames.get(parent);
    if (newParent === undefined || parseUrn(newParent).qualifiedType === ROOT_STACK_TYPE) continue;
    const { stack, project, type, name } = parseUrn(urn);
    const present = makeUrn(stack, project, newParent, type, name);
    if (present !== urn) renames.set(urn, present);
  }
  return renames;
}

/** The resource with present URNs everywhere; itself where there is nothing to change. */
export function renamed(state: ResourceState, renames: Renames): ResourceState {
  const present = (urn: Urn): Urn => renames.get(urn) ?? urn;
  const all = (urns: readonly Urn[]): readonly Urn[] =>
    urns.some((urn) => renames.has(urn)) ? urns.map(present) : urns;
  const provider = presentProvider(state.provider, renames);
  const dependencies = all(state.dependencies);
  const properties = Object.entries(state.propertyDependencies).map(
    ([key, urns]) => [key, urns, all(urns)] as const,
  );
  const changed =
    [state.urn, state.parent, state.deletedWith].some((urn) => renames.has(urn)) ||
    provider !== state.provider ||
    dependencies !== state.dependencies ||
    properties.some(([, before, after]) => before !== after);
  if (!changed) return state;
  return {
    ...state,
    urn: present(state.urn),
    parent: present(state.parent),
    deletedWith: present(state.deletedWith),
    provider,
    dependencies,
    propertyDependencies: Object.fromEntries(properties.map(([key, , urns]) => [key, urns])),
  };
}

function presentProvider(reference: string, renames: Renames): string {
  if (reference === "") return reference;
  const { urn, id } = parseProviderRef(reference);
  const present = renames.get(urn);
  return present === undefined ? reference : providerRef(present, id);
}
