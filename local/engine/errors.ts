/**
 * Everything the engine refuses or cannot do. `code` is stable (UPPER_SNAKE), `message` says what happened, `remedy` what to do about it.
 * The display prints message and remedy, never a stack.
 */
export class EngineError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, remedy?: string, options?: ErrorOptions) {
    super(remedy === undefined ? message : `${message}\n${remedy}`, options);
    this.name = "EngineError";
    this.code = code;
    this.remedy = remedy;
  }
}

/** A feature of Pulumi that this engine does not have: refused by name, because half a feature does silent harm. */
export class NotImplemented extends EngineError {
  constructor(feature: string, subject?: string) {
    super(
      "NOT_IMPLEMENTED",
      `${subject === undefined ? "" : `${subject}: `}${feature} is not implemented by the embedded engine.`,
      "Remove it from the program, or deploy this stack with the Pulumi CLI.",
    );
    this.name = "NotImplemented";
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
