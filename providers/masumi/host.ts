/* The entry point for the provider host. Its exports are frozen (see provider-texts.ts). Importing it has no effects. */
import { createConfirmationProvider } from "./resources/confirmation-host.ts";
import { createRegistrationProvider } from "./resources/registration-host.ts";
import { EngineLog } from "./resources/engine-log.ts";
import { Session } from "./resources/session.ts";

const session = new Session(new EngineLog());

export const registration = createRegistrationProvider(session);
export const confirmation = createConfirmationProvider(session);
