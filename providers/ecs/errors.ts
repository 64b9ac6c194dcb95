import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of a rollout on ECS. Each has a stable code (docs/errors.md) and says what happened and what to do.
 *
 *   EcsError
 *     ECS_ROLLOUT_FAILED      tasks did not start, and ECS gave up or rolled back
 *     ECS_ROLLOUT_NOT_STEADY  the rollout did not finish in time
 *     ECS_REFUSED             AWS refused a request that a rollout needs, or the service does not exist
 */
export type EcsErrorCode = "ECS_ROLLOUT_FAILED" | "ECS_ROLLOUT_NOT_STEADY" | "ECS_REFUSED";

/** A rollout failed. */
export class EcsError extends CodedError<EcsErrorCode> {
  override readonly name = "EcsError";
}
