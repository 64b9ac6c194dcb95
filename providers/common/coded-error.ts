/**
 * An error that explains itself: `message` is `CODE: what happened`, and what to do on a line of its own. The code is stable and
 * has an entry in docs/errors.md.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, what: string, remedy: string, options?: ErrorOptions) {
    super(`${code}: ${what}\n${remedy}`, options);
    this.code = code;
    // The provider host prints the stack of whatever a method throws, which is of no use here.
    this.stack = "";
  }
}
