import { HireError } from "../buyer/hire-error.ts";
import { UserError } from "../stacks/user-error.ts";

/** Return whether the message says all that a user needs: ours, and every other error of the project, which has a stable code. */
export function explainsItself(error: unknown): error is Error {
  if (error instanceof UserError) return true;
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  // Node's own codes begin with ERR_: those are defects, and keep their stack.
  return typeof code === "string" && /^(?!ERR_)[A-Z]+(_[A-Z0-9]+)+$/.test(code);
}

/** Return the exit code of a command that ends with an error: 3 where a hire is under way all the same, else 1. */
export const exitCodeOfError = (error: Error): number => (error instanceof HireError && error.isOpen ? 3 : 1);
