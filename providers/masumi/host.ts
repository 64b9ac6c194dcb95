/*
 * The door through which the engine's provider host enters. Every state ever written names this file and these
 * two exports (see shim.ts): they stay, wherever the code behind them goes. Nothing happens on import.
 */
import { createConfirmationProvider } from "./resources/confirmation-host.ts";
import { createRegistrationProvider } from "./resources/registration-host.ts";
import { Report } from "./resources/report.ts";
import { Session } from "./resources/session.ts";

const session = new Session(new Report());

export const registration = createRegistrationProvider(session);
export const confirmation = createConfirmationProvider(session);
