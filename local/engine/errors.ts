/**
 * Everything the engine refuses or cannot do. `code` is stable (UPPER_SNAKE); `message` is the code, what happened, and on its last line
 * `remedy`: what to do about it. The display prints the message, never a stack.
 */
export class EngineError extends Error {
  readonly code: string;
  /** What happened, without the code. */
  readonly what: string;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, remedy?: string, options?: ErrorOptions) {
    super(`${code}: ${message}${remedy === undefined ? "" : `\n${remedy}`}`, options);
    this.name = "EngineError";
    this.code = code;
    this.what = message;
    this.remedy = remedy;
  }
}

/** What a provider complained of, in its own words: if it has codes, they are in there. */
export class ProviderError extends EngineError {
  constructor(message: string) {
    super("PROVIDER_ERROR", message);
    this.message = message;
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
