/* The door through which the provider host enters; what it exports is frozen (see provider-texts.ts). */
export { provider as dockerIdentity } from "./identity.ts";
export { provider as dockerImageTag } from "./image-tag.ts";
export { provider as dockerStart } from "./start.ts";
