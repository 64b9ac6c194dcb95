import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of the shared crew service. Each has a stable code (docs/errors.md) and says what happened and what to do.
 *
 *   SharedCrewError
 *     SHARED_AGENT_NOT_UP     the service does not serve an agent as it is declared
 *     SHARED_AGENT_ELSEWHERE  the state names a place where no agent of this project has its files
 *     SHARED_AGENT_TAKEN      another stack's agent of that id is in the same service
 *     SHARED_STORE_REFUSED    the service's container or bucket did not take, show or remove an agent's file
 */
export type SharedCrewErrorCode =
  "SHARED_AGENT_NOT_UP" | "SHARED_AGENT_ELSEWHERE" | "SHARED_AGENT_TAKEN" | "SHARED_STORE_REFUSED";

/** An agent could not be brought to the shared crew service, or taken from it. */
export class SharedCrewError extends CodedError<SharedCrewErrorCode> {
  override readonly name = "SharedCrewError";
}
