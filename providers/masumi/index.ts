/** The Masumi registry as Pulumi resources; service/ is the client behind them, for those that need no Pulumi. */
export { AgentConfirmation, type AgentConfirmationArgs } from "./resources/confirmation.ts";
export { AgentRegistration, type AgentRegistrationArgs, type ListingArgs } from "./resources/registration.ts";
