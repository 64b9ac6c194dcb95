/**
 * Errors of the hostings. Each has a stable code (docs/errors.md), says what happened and what to do.
 *
 *   HostingError
 *     HOSTING_REFUSED          agents ask for what their hosting, or the stack's settings, cannot do
 *     HOSTING_NO_NETWORK       there is no VPC to run containers in
 *     BUILD_CONTEXT_INVALID    a folder cannot be built from
 *     DOCUMENT_UNUSABLE        a document cannot be fetched, is not the declared one, or is too large
 *     DOCKER_ENGINE_FAILED     a Docker engine cannot be reached, or refuses
 *     DOCKER_CREW_NOT_UP       a crew ends, or does not get healthy, in its container
 */
export type HostingErrorCode =
  | "HOSTING_REFUSED"
  | "HOSTING_NO_NETWORK"
  | "BUILD_CONTEXT_INVALID"
  | "DOCUMENT_UNUSABLE"
  | "DOCKER_ENGINE_FAILED"
  | "DOCKER_CREW_NOT_UP";

/** A crew cannot be hosted; `message` is `CODE: what happened. What to do.` */
export class HostingError extends Error {
  override readonly name = "HostingError";
  readonly code: HostingErrorCode;

  constructor(code: HostingErrorCode, what: string, remedy: string, options?: ErrorOptions) {
    super(`${code}: ${what} ${remedy}`, options);
    this.code = code;
  }
}
