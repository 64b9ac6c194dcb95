import { EngineError } from "../errors.ts";
import { isProviderType, providerRef, type Urn } from "../urn.ts";
import type { ResourceState } from "./resource.ts";

/**
 * Checks what every state file must keep: parent, dependencies and provider of a resource stand before it, an id belongs to custom
 * resources only, and of several resources with one URN at most one is not marked for deletion.
 * @throws EngineError BAD_STATE
 */
export function verifyResources(resources: readonly ResourceState[]): void {
  const seen = new Map<Urn, { total: number; deleted: number }>();
  const providers = new Set<string>();
  for (const resource of resources) {
    if (isProviderType(resource.type)) providers.add(providerRef(resource.urn, resource.id));
    verifyResource(resource, seen, providers);
    const count = seen.get(resource.urn) ?? { total: 0, deleted: 0 };
    seen.set(resource.urn, { total: count.total + 1, deleted: count.deleted + (resource.delete ? 1 : 0) });
  }
  for (const [urn, { total, deleted }] of seen) {
    if (total - deleted > 1) bad(urn, "stands twice in the state, not marked for deletion");
  }
}

function verifyResource(
  resource: ResourceState,
  seen: ReadonlyMap<Urn, unknown>,
  providers: ReadonlySet<string>,
): void {
  const { urn } = resource;
  if (!resource.custom && resource.id !== "") bad(urn, "is no custom resource but has an id");
  if (resource.provider !== "" && !providers.has(resource.provider) && !resource.pendingReplacement) {
    bad(urn, `refers to the provider ${resource.provider}, which does not stand before it`);
  }
  const needed: [string, readonly Urn[]][] = [
    ["parent", resource.parent === "" ? [] : [resource.parent]],
    ["dependency", resource.dependencies],
    ["deletedWith", resource.deletedWith === "" ? [] : [resource.deletedWith]],
    ...Object.entries(resource.propertyDependencies).map(([key, urns]): [string, readonly Urn[]] => [
      `property "${key}"`,
      urns,
    ]),
  ];
  for (const [what, urns] of needed) {
    for (const other of urns)
      if (!seen.has(other)) bad(urn, `refers (${what}) to ${other}, which does not stand before it`);
  }
}

function bad(urn: Urn, problem: string): never {
  throw new EngineError("BAD_STATE", `The state is not consistent: ${urn} ${problem}.`);
}
