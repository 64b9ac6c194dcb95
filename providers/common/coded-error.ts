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
