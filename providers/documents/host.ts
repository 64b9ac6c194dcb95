/* The door through which the provider host enters; what it exports is frozen (see provider-texts.ts). */
export { provider as storedDocument } from "./stored-document.ts";
