import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of a Docker engine, each with a stable code (docs/errors.md).
 *
 *   DockerError
 *     DOCKER_ENGINE_FAILED     a Docker engine cannot be reached, or refuses
 *     DOCKER_CREW_NOT_UP       a crew ends, or does not get healthy, in its container
 */
export type DockerErrorCode = "DOCKER_ENGINE_FAILED" | "DOCKER_CREW_NOT_UP";

/** What a Docker engine was asked for did not come about. */
export class DockerError extends CodedError<DockerErrorCode> {
  override readonly name = "DockerError";
}
