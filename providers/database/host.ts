/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). */
export { provider as databaseRole } from "./database-role.ts";
