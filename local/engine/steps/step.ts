import type { ProviderTrust } from "../providers/provider-trust.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { ResourceProvider } from "../providers/provider.ts";
import type { Reporter } from "../reporter.ts";
import type { DependencyGraph } from "../state/graph.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { StepOp } from "../types.ts";
import type { Targets } from "./targets.ts";
import { isProviderType, nameOf, type Urn } from "../urn.ts";
import type { PropertyChange } from "../values.ts";

/** What every part of a run shares. */
export interface RunContext {
  readonly project: string;
  readonly stack: string;
  /** A preview: providers are asked what would change, nothing is changed, nothing is written. */
  readonly preview: boolean;
  readonly registry: ProviderRegistry;
  readonly trust: ProviderTrust;
  readonly snapshot: Snapshot;
  readonly reporter: Reporter;
  readonly targets: Targets;
  /** Of which provider code the inputs alone decide whether a resource changes. */
  readonly decidesByInputs: (providerCode: string) => boolean;
  /** The state that the run starts from; a refresh replaces it. */
  base: BaseState;
}

export interface BaseState {
  readonly resources: readonly ResourceState[];
  /** Without those that are marked for deletion. */
  readonly byUrn: ReadonlyMap<Urn, ResourceState>;
  readonly graph: DependencyGraph;
}

export type Outcome = "ok" | "partial" | "failed";

/** One operation on one resource. The executor calls begin, apply, end in this order, and `complete` when all went well. */
export interface Step {
  /** What the step is reported as; a refresh knows it only after `apply`. */
  op(): StepOp;
  readonly urn: Urn;
  /** The state that it starts from, if any, and the one that it makes, if any. */
  readonly old: ResourceState | undefined;
  readonly current: ResourceState | undefined;
  /** Part of a larger step (the halves of a replacement): not counted, and its outputs cannot be registered later. */
  readonly part: boolean;
  changes(): readonly PropertyChange[];
  readonly retained?: boolean;
  /** Records in the state that the operation is under way. */
  begin?(): Promise<void>;
  /** Does it. @throws InitFailed when it was done in part */
  apply(): Promise<void>;
  /** Records the outcome in the state. */
  end?(outcome: Outcome): Promise<void>;
  /** Answers whoever waits for it; the record is on the disk by then. */
  complete?(): void;
}

/** Resources that the engine makes for itself: not counted, not shown. */
export function isInternal(urn: Urn, type: string): boolean {
  return isProviderType(type) && nameOf(urn).startsWith("default");
}

/** Who does the operations on a resource: the registry for providers, else the resource's own provider. */
export async function providerFor(context: RunContext, state: ResourceState): Promise<ResourceProvider> {
  return isProviderType(state.type) ? context.registry : context.registry.get(state.provider);
}
