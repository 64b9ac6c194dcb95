/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). */
export { provider as crewIdentity } from "./crew-identity.ts";
export { provider as crewProcess } from "./crew-process.ts";
