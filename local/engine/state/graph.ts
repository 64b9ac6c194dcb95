import type { Urn } from "../urn.ts";
import { dependencyUrns, type ResourceState } from "./resource.ts";

/**
 * The dependencies between the resources of a snapshot. It relies on the order of the state file: what a resource needs stands before it.
 * One URN may occur several times (a resource and those it replaced), so the nodes are the resources themselves, not URNs.
 */
export class DependencyGraph {
  readonly #resources: readonly ResourceState[];
  readonly #index = new Map<ResourceState, number>();
  readonly #byUrn = new Map<Urn, number[]>();
  readonly #childrenOf = new Map<Urn, number[]>();

  constructor(resources: readonly ResourceState[]) {
    this.#resources = resources;
    const parentOf = new Map<Urn, Urn>();
    resources.forEach((resource, index) => {
      this.#index.set(resource, index);
      push(this.#byUrn, resource.urn, index);
      parentOf.set(resource.urn, resource.parent);
      for (let ancestor = resource.parent; ancestor !== ""; ancestor = parentOf.get(ancestor) ?? "") {
        push(this.#childrenOf, ancestor, index);
      }
    });
  }

  contains(resource: ResourceState): boolean {
    return this.#index.has(resource);
  }

  /** What a resource needs directly: its parent, provider and dependencies, and all children of a component it depends on that stand before it. */
  dependenciesOf(resource: ResourceState): Set<ResourceState> {
    const cursor = this.#index.get(resource) ?? 0;
    const found = new Set<ResourceState>();
    const add = (index: number): void => {
      const candidate = this.#resources[index];
      if (index < cursor && candidate !== undefined) found.add(candidate);
    };
    for (const urn of dependencyUrns(resource)) {
      for (const index of this.#byUrn.get(urn) ?? []) {
        if (index >= cursor) continue;
        add(index);
        if (this.#resources[index]?.custom === false) (this.#childrenOf.get(urn) ?? []).forEach(add);
      }
    }
    (this.#byUrn.get(resource.parent) ?? []).forEach(add);
    return found;
  }

  transitiveDependenciesOf(resource: ResourceState): Set<ResourceState> {
    const found = new Set<ResourceState>();
    const visit = (next: ResourceState): void => {
      for (const dependency of this.dependenciesOf(next)) {
        if (found.has(dependency)) continue;
        found.add(dependency);
        visit(dependency);
      }
    };
    visit(resource);
    return found;
  }

  /** Resources with all that cannot exist without them, in the order of the snapshot: what depends on them, and their children. */
  withDependents(roots: ReadonlySet<ResourceState>): Set<ResourceState> {
    const found = new Set<ResourceState>();
    for (const resource of this.#resources) {
      if (roots.has(resource) || [...this.dependenciesOf(resource)].some((needed) => found.has(needed)))
        found.add(resource);
    }
    return found;
  }

  /** What depends on a resource, directly or not, in the order of the snapshot. A child is no dependent; resources in `ignored` are not followed. */
  dependentsOf(root: ResourceState, ignored: ReadonlySet<Urn>): ResourceState[] {
    const dependent = new Set<Urn>([root.urn]);
    const found: ResourceState[] = [];
    for (const candidate of this.#resources.slice((this.#index.get(root) ?? 0) + 1)) {
      if (ignored.has(candidate.urn)) continue;
      if (![...dependencyUrns(candidate)].some((urn) => dependent.has(urn))) continue;
      dependent.add(candidate.urn);
      found.push(candidate);
    }
    return found;
  }
}

function push(map: Map<Urn, number[]>, key: Urn, index: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [index]);
  else list.push(index);
}
