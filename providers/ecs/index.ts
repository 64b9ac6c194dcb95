export type { AwsAccess } from "./clients.ts";
export { EcrImages, type EcrImagesArgs } from "./ecr-images.ts";
export { type Awaited, EcsRollout, type EcsRolloutArgs } from "./ecs-rollout.ts";
export { EcsError, type EcsErrorCode } from "./errors.ts";
