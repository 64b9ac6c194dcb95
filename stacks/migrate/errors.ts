import { CodedError } from "../../providers/common/coded-error.ts";

/**
 * Errors of moving an agent to another version of the payment contract, each with a stable code (docs/errors.md).
 *
 *   MigrationError
 *     MIGRATION_REFUSED   there is nothing to move, or it cannot be moved as it is; no file was changed
 */
export type MigrationErrorCode = "MIGRATION_REFUSED";

export class MigrationError extends CodedError<MigrationErrorCode> {
  override readonly name = "MigrationError";
}
