/* The door through which the provider host enters; what it exports is frozen (see provider-texts.ts). */
export { provider as crewIdentity } from "./crew-identity.ts";
export { provider as crewProcess } from "./crew-process.ts";
