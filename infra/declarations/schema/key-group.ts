/** What may decide about a key beside its own value. */
export interface Place {
  /** The declaration, as it is written. */
  readonly declaration: Readonly<Record<string, unknown>>;
  /** Whether the key belongs to the crew's last task. */
  readonly isLast?: boolean;
  /** Whether the key belongs to the agent that manages the crew. */
  readonly isManager?: boolean;
}

/** A value with which a key changes nothing; the list is an empty one. */
export type Taken = null | boolean | string | readonly never[];

/** Keys that are refused for the same reason. */
export interface KeyGroup {
  readonly keys: readonly string[];
  readonly reason: string;
  readonly remedy: string | ((key: string, value: unknown, place: Place) => string);
  /** Values with which the key changes nothing here, so that they are taken: switched off, or what the runtime does anyway. */
  readonly taken: readonly Taken[];
  /** Further values that are taken: those of these types, or some of them. */
  readonly sometimes?: {
    readonly types: readonly ("boolean" | "number" | "object" | "string")[];
    readonly when?: (key: string, value: unknown, place: Place) => boolean;
  };
}
