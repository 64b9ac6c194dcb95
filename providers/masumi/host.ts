/* The door through which the provider host enters; what it exports is frozen (see provider-texts.ts). Nothing happens on import. */
import { createConfirmationProvider } from "./resources/confirmation-host.ts";
import { createRegistrationProvider } from "./resources/registration-host.ts";
import { EngineLog } from "./resources/engine-log.ts";
import { Session } from "./resources/session.ts";

const session = new Session(new EngineLog());

export const registration = createRegistrationProvider(session);
export const confirmation = createConfirmationProvider(session);
