import { EngineError } from "../errors.ts";
import { isProviderType, providerRef, type Urn } from "../urn.ts";
import type { ResourceState } from "./resource.ts";

/**
 * Checks what every state file must keep: parent, dependencies and provider of a resource stand before it, an id belongs to custom
 * resources only, and of several resources with one URN at most one is not marked for deletion. It runs before most writes, so it makes
 * no objects for what is right.
 * @throws EngineError BAD_STATE
 */
export function verifyResources(resources: readonly ResourceState[]): void {
  const seen = new Set<Urn>();
  const living = new Set<Urn>();
  const providers = new Set<string>();
  for (const resource of resources) {
    const { urn } = resource;
    if (isProviderType(resource.type)) providers.add(providerRef(urn, resource.id));
    verifyResource(resource, seen, providers);
    seen.add(urn);
    if (resource.delete) continue;
    if (living.has(urn)) bad(urn, "is in the state twice without being marked for deletion");
    living.add(urn);
  }
}

function verifyResource(
  resource: ResourceState,
  seen: ReadonlySet<Urn>,
  providers: ReadonlySet<string>,
): void {
  const { urn, parent, provider, deletedWith, dependencies, propertyDependencies } = resource;
  if (!resource.custom && resource.id !== "") bad(urn, "has an id although it is not a custom resource");
  if (provider !== "" && !providers.has(provider) && !resource.pendingReplacement) {
    bad(urn, `refers to the provider ${provider}, which is not listed before it`);
  }
  const missing = (what: string, other: Urn): never =>
    bad(urn, `refers (${what}) to ${other}, which is not listed before it`);
  if (parent !== "" && !seen.has(parent)) missing("parent", parent);
  if (deletedWith !== "" && !seen.has(deletedWith)) missing("deletedWith", deletedWith);
  for (const other of dependencies) if (!seen.has(other)) missing("dependency", other);
  for (const key in propertyDependencies) {
    for (const other of propertyDependencies[key] ?? [])
      if (!seen.has(other)) missing(`property "${key}"`, other);
  }
}

function bad(urn: Urn, problem: string): never {
  throw new EngineError("BAD_STATE", `The state is inconsistent: ${urn} ${problem}.`);
}
