/* The door through which the provider host enters; what it exports is frozen (see provider-texts.ts). */
export { provider as ecrImages } from "./ecr-images.ts";
export { provider as ecsRollout } from "./ecs-rollout.ts";
