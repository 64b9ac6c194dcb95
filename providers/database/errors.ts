import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of the crews' database. Each has a stable code (docs/errors.md) and says what happened and what to do; none has a URL's
 * password.
 *
 *   DatabaseError
 *     DATABASE_UNREACHABLE    it cannot be reached from here, or refuses the login
 *     DATABASE_ROLES_REFUSED  its user may not create roles, and several agents would share it
 *     DATABASE_REFUSED        it refuses a statement
 */
export type DatabaseErrorCode = "DATABASE_UNREACHABLE" | "DATABASE_ROLES_REFUSED" | "DATABASE_REFUSED";

/** An agent's role could not be made, or not be removed. */
export class DatabaseError extends CodedError<DatabaseErrorCode> {
  override readonly name = "DatabaseError";
}
