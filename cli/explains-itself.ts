import { HireError } from "../buyer/hire-error.ts";
import { hasStableCode } from "../providers/common/coded-error.ts";
import { UserError } from "../stacks/user-error.ts";

/** Return whether the message says all that a user needs. */
export const explainsItself = (error: unknown): error is Error =>
  error instanceof UserError || hasStableCode(error);

/** Return the exit code of a command that ends with an error: 3 where a hire is under way all the same, else 1. */
export const exitCodeOfError = (error: Error): number => (error instanceof HireError && error.isOpen ? 3 : 1);
