import type { PropertyChange, PropertyMap, Value } from "./values.ts";

/** What every command of the engine needs. */
export interface RunOptions {
  /** Folder that holds `Pulumi.yaml`. */
  readonly projectDir: string;
  readonly stack: string;
  /** Folder that holds (or will hold) `.pulumi`. */
  readonly stateRoot: string;
  readonly passphrase: string;
  /** Steps at a time; default 4 x the number of cores, as the CLI. A resource that waits holds one. */
  readonly parallel?: number;
  /** Added to the environment of the program and of its provider host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Aborting lets running steps finish, saves the state and ends the run with exit code 1. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: EngineEvent) => void;
  /** `up`: refresh first. */
  readonly refresh?: boolean;
  /**
   * Limits the run to these resources, and leaves all others as they are: URNs, in which `*` stands for a part and `**` for anything. They
   * mean what the CLI's --target means: what a target needs is not included, and its absence is an error.
   */
  readonly targets?: readonly string[];
  /** With `targets`: also what depends on them, and their children. */
  readonly targetDependents?: boolean;
  /** `refresh`: forgets the creations that were interrupted, as the CLI's --clear-pending-creates does: whoever asks has looked that they failed. */
  readonly clearPendingCreates?: boolean;
  /**
   * Says which provider code of the state may run, beside the code that the program registers in this run. Default: none, so that nobody
   * gets code run by writing a state file.
   */
  readonly trustsProvider?: TrustsProvider;
  /**
   * Says of which provider code a creation may simply be tried again after it was interrupted, because it finds what there is by then.
   * Once such a resource is in the state, its interrupted creation is forgotten. Default: none; a person must say what became of them.
   */
  readonly resumesCreation?: (providerCode: string) => boolean;
  /**
   * Says of which provider code the inputs alone decide whether a resource changes. Such a resource, whose inputs are those of the last run,
   * is left alone without asking its provider, as the CLI never does. Default: none; every check and every comparison is the provider's.
   */
  readonly decidesByInputs?: (providerCode: string) => boolean;
  /**
   * Modules that the code of the program's dynamic providers will ask for, named as from the program's folder. A provider host then starts
   * with the run, and loads them while the program plans. Default: none; it loads them for its first resource.
   */
  readonly providerModules?: readonly string[];
  /**
   * Is called once program and provider host have been started, while they load; nothing that the program registers is dealt with before.
   * False ends the run, which has changed nothing.
   */
  readonly meanwhile?: (() => boolean) | undefined;
  /** Sees the stack's configuration before anything runs, secrets as `[secret]`; a returned text rejects the stack with that message. */
  readonly refuse?: (config: Readonly<Record<string, string>>) => string | undefined;
}

/**
 * Decides whether the caller knows a provider's code: the text `__provider` that a dynamic resource keeps in the state, and that a provider
 * host evaluates. Compare whole texts.
 */
export type TrustsProvider = (providerCode: string) => boolean;

export type Operation = "up" | "preview" | "refresh" | "destroy";

export type StepOp =
  | "same"
  | "create"
  | "update"
  | "replace"
  | "create-replacement"
  | "delete"
  | "delete-replaced"
  | "remove-pending-replace"
  | "read"
  | "refresh";

/** What a run counts: a replacement is one `replace`, a refresh counts as what it found (same, update, delete). */
export type Changes = Readonly<Record<StepOp, number>>;

export interface StepInfo {
  /** Numbers the steps of a run, so that start and end of one can be matched. */
  readonly step: number;
  readonly op: StepOp;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** Names of the properties that differ. */
  readonly diff?: readonly string[];
  /** The same with values, secrets masked. */
  readonly changes?: readonly PropertyChange[];
  /** Of what exists; absent for what is yet to be created. */
  readonly id?: string;
  /** Reference of the provider that manages it. */
  readonly provider?: string;
  /** In previews: all inputs as they are and as they would be, secrets masked; absent where there are none. */
  readonly properties?: { readonly before?: PropertyMap; readonly after?: PropertyMap };
  /** A delete that leaves the real thing alone (`retainOnDelete`). */
  readonly retained?: boolean;
}

export type Severity = "debug" | "info" | "warning" | "error";

export interface Diagnostic {
  readonly severity: Severity;
  /** The resource that it is about. */
  readonly urn?: string;
  readonly message: string;
  /** A passing status message: shown while the step runs, worth nothing afterwards. */
  readonly ephemeral: boolean;
}

export type EngineEvent =
  | {
      readonly kind: "run-start";
      readonly operation: Operation;
      readonly project: string;
      readonly stack: string;
      /** Milliseconds since the epoch, as every `time` here. */
      readonly time: number;
    }
  /** In previews: the step that `up` would run. */
  | { readonly kind: "step-planned"; readonly time: number; readonly step: StepInfo }
  | { readonly kind: "step-start"; readonly time: number; readonly step: StepInfo }
  | {
      readonly kind: "step-end";
      readonly time: number;
      /** For a refresh, `op` is what it found. */
      readonly step: StepInfo;
      readonly ok: boolean;
      readonly milliseconds: number;
    }
  | ({ readonly kind: "diagnostic"; readonly time: number } & Diagnostic)
  | {
      readonly kind: "run-end";
      readonly time: number;
      readonly operation: Operation;
      readonly ok: boolean;
      readonly changes: Changes;
      /** Masked. */
      readonly outputs: Readonly<Record<string, Value>>;
      /** What changed in them, masked. */
      readonly outputChanges: readonly PropertyChange[];
      readonly milliseconds: number;
    };

export interface RunResult {
  readonly ok: boolean;
  readonly exitCode: 0 | 1;
  readonly changes: Changes;
  /** The stack's outputs, secrets masked; `stackOutputs` reveals them. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Every step that was planned (preview) or run to its end, in that order, `same` included. */
  readonly steps: readonly StepInfo[];
  /** Warnings, errors and notes that are not ephemeral; no debug messages. */
  readonly diagnostics: readonly Diagnostic[];
}
