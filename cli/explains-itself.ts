import { HireError } from "../buyer/hire-error.ts";
import { hasStableCode } from "../providers/common/coded-error.ts";
import { UserError } from "../stacks/user-error.ts";
import { Interrupted } from "./terminal.ts";

/** Return whether the message says all that a user needs. */
export const explainsItself = (error: unknown): error is Error =>
  error instanceof UserError || error instanceof Interrupted || hasStableCode(error);

/** Return the exit code of a command that ends with an error: 3 where a hire is under way all the same, 130 after ^C, else 1. */
export function exitCodeOfError(error: Error): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof HireError && error.isOpen ? 3 : 1;
}
