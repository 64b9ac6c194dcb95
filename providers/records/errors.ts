import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of the table of agents (masumi:records). Each has a stable code (docs/errors.md) and says what happened and what to do; none
 * has a URL's password.
 *
 *   RecordsError
 *     RECORDS_UNREACHABLE    the database cannot be reached from here, or refuses the login
 *     RECORDS_TABLE_MISSING  it has no table of agents, or an older one
 *     RECORDS_REFUSED        it refuses a statement
 *     RECORD_TAKEN           another owner has recorded an agent of that id
 */
export type RecordsErrorCode =
  "RECORDS_UNREACHABLE" | "RECORDS_TABLE_MISSING" | "RECORDS_REFUSED" | "RECORD_TAKEN";

/** An agent could not be recorded. */
export class RecordsError extends CodedError<RecordsErrorCode> {
  override readonly name = "RecordsError";
}
