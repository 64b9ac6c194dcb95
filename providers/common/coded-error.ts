/**
 * Return whether an error's message says all that its reader needs: every error of the project has a stable code. Node's own codes
 * begin with ERR_: those are defects, and keep their stack.
 */
export function hasStableCode(error: unknown): error is Error & { readonly code: string } {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" && /^(?!ERR_)[A-Z]+(_[A-Z0-9]+)+$/.test(code);
}

/**
 * An error that explains itself: `message` is `CODE: what happened`, followed by a line with the remedy. The code is stable
 * and has an entry in docs/errors.md.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, what: string, remedy: string, options?: ErrorOptions) {
    super(`${code}: ${what}\n${remedy}`, options);
    this.code = code;
    // The provider host prints the stack of every error that a method throws, which would not help here.
    this.stack = "";
  }
}
