import { CodedError } from "../../common/coded-error.ts";

/**
 * Errors of the crew process provider. Each has a stable code (docs/errors.md) and says what happened and what to do; none
 * contains the value of an environment variable.
 *
 *   CrewProcessError
 *     CREW_PYTHON_MISSING     no Python >= 3.11 on this machine
 *     CREW_INSTALL_FAILED     the Python packages of the crew runtime could not be installed
 *     CREW_PORT_TAKEN         another program is listening on the agent's reserved port
 *     CREW_EXITED             the crew's process exited while it was starting
 *     CREW_NOT_HEALTHY        the crew's process is running but does not answer in time
 *     CREW_SILENT             the crew's process exists and does not answer: whether it is well is not known
 *     CREW_NOT_STOPPED        the process could not be stopped
 *     IDENTITY_ELSEWHERE      the state names a file that no crew of this project keeps its identifier in
 */
export type CrewProcessErrorCode =
  | "CREW_PYTHON_MISSING"
  | "CREW_INSTALL_FAILED"
  | "CREW_PORT_TAKEN"
  | "CREW_EXITED"
  | "CREW_NOT_HEALTHY"
  | "CREW_SILENT"
  | "CREW_NOT_STOPPED"
  | "IDENTITY_ELSEWHERE";

/** A crew could not be started or stopped on this machine. */
export class CrewProcessError extends CodedError<CrewProcessErrorCode> {
  override readonly name = "CrewProcessError";
}
