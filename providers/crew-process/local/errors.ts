import { CodedError } from "../../common/coded-error.ts";

/**
 * Errors of the crew process provider. Each has a stable code (docs/errors.md), says what happened and
 * what to do; none carries an environment variable's value.
 *
 *   CrewProcessError
 *     CREW_PYTHON_MISSING     no Python >= 3.11 on this machine
 *     CREW_INSTALL_FAILED     the Python packages of the crew runtime could not be installed
 *     CREW_PORT_TAKEN         another program listens on the agent's reserved port
 *     CREW_EXITED             the crew's process ended while it was starting
 *     CREW_NOT_HEALTHY        the crew's process runs but does not answer in time
 *     CREW_NOT_STOPPED        the process could not be ended
 */
export type CrewProcessErrorCode =
  | "CREW_PYTHON_MISSING"
  | "CREW_INSTALL_FAILED"
  | "CREW_PORT_TAKEN"
  | "CREW_EXITED"
  | "CREW_NOT_HEALTHY"
  | "CREW_NOT_STOPPED";

/** A crew does not run on this machine as it should. */
export class CrewProcessError extends CodedError<CrewProcessErrorCode> {
  override readonly name = "CrewProcessError";
}
