import type { PropertyMap } from "../values.ts";
import { isProviderType, parseProviderRef, type Urn } from "../urn.ts";

/** Seconds; absent = the provider's own default. */
export interface CustomTimeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
  readonly read?: number;
}

export interface StackFrame {
  readonly sourcePosition?: string;
}

/**
 * One resource of a stack: the in-memory form of `ResourceV3` of the state file. Empty strings, lists and maps stand for "absent" (the
 * file leaves them out). The engine changes these objects while it works; whoever changes one that is already in the snapshot tells the
 * snapshot (`Snapshot.changed`).
 */
export interface ResourceState {
  urn: Urn;
  type: string;
  custom: boolean;
  /** To be deleted at the end of this or the next run: its replacement exists. */
  delete: boolean;
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
  parent: Urn;
  protect: boolean;
  dependencies: readonly Urn[];
  /** Why it was created but not initialised. */
  initErrors: readonly string[];
  /** `<urn>::<id>` of its provider. */
  provider: string;
  propertyDependencies: Readonly<Record<string, readonly Urn[]>>;
  /** Deleted before its replacement, which does not exist yet. */
  pendingReplacement: boolean;
  additionalSecretOutputs: readonly string[];
  /** Its URN in the state that the run began with, if that was another one; never written. */
  aliases: readonly Urn[];
  customTimeouts: CustomTimeouts;
  retainOnDelete: boolean;
  deletedWith: Urn;
  /** ISO times; empty when unknown. */
  created: string;
  modified: string;
  sourcePosition: string;
  stackTrace: readonly StackFrame[];
  ignoreChanges: readonly string[];
}

export type OperationType = "creating" | "updating" | "deleting" | "reading" | "importing";

/** An operation that had begun when a run was interrupted: nobody knows whether it happened. */
export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: OperationType;
}

export function emptyState(urn: Urn, type: string, custom: boolean): ResourceState {
  return {
    urn,
    type,
    custom,
    delete: false,
    id: "",
    inputs: {},
    outputs: {},
    parent: "",
    protect: false,
    dependencies: [],
    initErrors: [],
    provider: "",
    propertyDependencies: {},
    pendingReplacement: false,
    additionalSecretOutputs: [],
    aliases: [],
    customTimeouts: {},
    retainOnDelete: false,
    deletedWith: "",
    created: "",
    modified: "",
    sourcePosition: "",
    stackTrace: [],
    ignoreChanges: [],
  };
}

/** Components and providers exist in the state alone: what a run had begun with them when it died is simply done again. */
export const isOutside = ({ custom, type }: ResourceState): boolean => custom && !isProviderType(type);

/** The URNs that a resource needs, its parent aside: provider, dependencies, property dependencies, deletedWith. */
export function dependencyUrns(state: ResourceState): Set<Urn> {
  const urns = new Set<Urn>(state.dependencies);
  for (const list of Object.values(state.propertyDependencies)) for (const urn of list) urns.add(urn);
  if (state.deletedWith !== "") urns.add(state.deletedWith);
  if (state.provider !== "") urns.add(parseProviderRef(state.provider).urn);
  return urns;
}
