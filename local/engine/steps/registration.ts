import type { CustomTimeouts, ResourceState, StackFrame } from "../state/resource.ts";
import type { Urn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";

/** A former URN of a resource, or the parts of it that differ; empty ones do not. */
export interface Alias {
  readonly urn: Urn;
  readonly name: string;
  readonly type: string;
  readonly stack: string;
  readonly project: string;
  readonly parent: Urn;
  /** It had no parent. */
  readonly noParent: boolean;
}

/** What the program wants of one resource. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: PropertyMap;
  readonly parent: Urn;
  /** undefined: not said, so the parent's value counts. */
  readonly protect: boolean | undefined;
  readonly retainOnDelete: boolean | undefined;
  readonly deletedWith: Urn;
  readonly dependencies: readonly Urn[];
  readonly propertyDependencies: Readonly<Record<string, readonly Urn[]>>;
  readonly provider: string;
  /** undefined: the provider decides. */
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly Alias[];
  readonly customTimeouts: CustomTimeouts;
  readonly sourcePosition: string;
  readonly stackTrace: readonly StackFrame[];
}

/** A goal, and whoever waits to hear what became of it. */
export interface Registration {
  readonly goal: Goal;
  /** `isUnknown`: the resource does not exist, so nobody knows its outputs. */
  done(state: ResourceState, answer?: { readonly isUnknown: boolean }): void;
}

/** What the program tells the engine, in the order in which the engine deals with it. */
export type ProgramEvent =
  | ({ readonly kind: "register" } & Registration)
  | { readonly kind: "outputs"; readonly urn: Urn; readonly outputs: PropertyMap; done(): void }
  | { readonly kind: "end" }
  /** The program failed; undefined = it has said why itself. */
  | { readonly kind: "failed"; readonly error: Error | undefined };
