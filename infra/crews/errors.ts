import { CodedError } from "../../providers/common/coded-error.ts";

/**
 * Errors of hosting a crew, each with a stable code (docs/errors.md).
 *
 *   HostingError
 *     HOSTING_NO_NETWORK       there is no VPC to run containers in
 *     BUILD_CONTEXT_INVALID    no image can be built from a folder
 *     DOCUMENT_NOT_STORED      a stored document is not there, or another one is in its place
 *     DOCUMENT_UNUSABLE        a document cannot be fetched, is not the declared one, or is too large
 *     PACKAGES_NOT_LOCKED      a folder's packages are not locked as it requires them
 *     PACKAGES_UNUSABLE        a folder's packages cannot be locked
 */
export type HostingErrorCode =
  | "HOSTING_NO_NETWORK"
  | "BUILD_CONTEXT_INVALID"
  | "DOCUMENT_NOT_STORED"
  | "DOCUMENT_UNUSABLE"
  | "PACKAGES_NOT_LOCKED"
  | "PACKAGES_UNUSABLE";

/** A crew cannot be hosted as declared. */
export class HostingError extends CodedError<HostingErrorCode> {
  override readonly name = "HostingError";
}
