/** The Masumi registry as Pulumi resources. service/ is the client behind them, which works without Pulumi. */
export { AgentConfirmation, type AgentConfirmationArgs } from "./resources/confirmation.ts";
export { AgentRegistration, type AgentRegistrationArgs, type ListingArgs } from "./resources/registration.ts";
