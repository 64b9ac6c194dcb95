/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). */
export { provider as ecrImages } from "./ecr-images.ts";
export { provider as ecsRollout } from "./ecs-rollout.ts";
