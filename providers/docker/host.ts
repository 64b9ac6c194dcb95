/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). */
export { provider as dockerIdentity } from "./identity.ts";
export { provider as dockerImageTag } from "./image-tag.ts";
export { provider as dockerStart } from "./start.ts";
