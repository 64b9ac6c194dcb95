/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). */
export { provider as agentRecord } from "./agent-record.ts";
export { provider as registrationRecord } from "./registration-record.ts";
