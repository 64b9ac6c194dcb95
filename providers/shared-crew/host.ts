/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). */
export { provider as sharedAgent } from "./shared-agent.ts";
export { provider as sharedIdentity } from "./shared-identity.ts";
export { provider as sharedProcess } from "./shared-process.ts";
