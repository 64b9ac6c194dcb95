import { CodedError } from "../common/coded-error.ts";

/**
 * Errors of a rollout on ECS. Each has a stable code (docs/errors.md), says what happened and what to do.
 *
 *   EcsError
 *     ECS_ROLLOUT_FAILED      tasks did not come up, and ECS gave up or went back to what ran before
 *     ECS_ROLLOUT_NOT_STEADY  the rollout has not ended in the time it may take
 *     ECS_REFUSED             AWS refused a request that a rollout needs, or does not know the service
 */
export type EcsErrorCode = "ECS_ROLLOUT_FAILED" | "ECS_ROLLOUT_NOT_STEADY" | "ECS_REFUSED";

/** A rollout did not come about. */
export class EcsError extends CodedError<EcsErrorCode> {
  override readonly name = "EcsError";
}
