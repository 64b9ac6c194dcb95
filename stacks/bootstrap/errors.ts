import { CodedError } from "../../providers/common/coded-error.ts";

/**
 * Errors of making what a stack on AWS needs before its first run, each with a stable code (docs/errors.md).
 *
 *   BootstrapError
 *     BOOTSTRAP_INVALID   options or settings are missing or wrong; the message lists all of them
 *     BOOTSTRAP_REFUSED   AWS refuses a request, or another change of the stack is under way
 *     BOOTSTRAP_FAILED    CloudFormation began, could not make a resource, and took everything back
 */
export type BootstrapErrorCode = "BOOTSTRAP_INVALID" | "BOOTSTRAP_REFUSED" | "BOOTSTRAP_FAILED";

export class BootstrapError extends CodedError<BootstrapErrorCode> {
  override readonly name = "BootstrapError";
}
