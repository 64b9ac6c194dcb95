import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of a Docker engine, each with a stable code (docs/errors.md).
 *
 *   DockerError
 *     DOCKER_ENGINE_FAILED     a Docker engine cannot be reached, or refuses a request
 *     DOCKER_CREW_NOT_UP       a crew exits, or does not become healthy, in its container
 */
export type DockerErrorCode = "DOCKER_ENGINE_FAILED" | "DOCKER_CREW_NOT_UP";

/** A Docker engine failed, or a crew did not come up in its container. */
export class DockerError extends CodedError<DockerErrorCode> {
  override readonly name = "DockerError";
}
