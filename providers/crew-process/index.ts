/** A crew as a process of this machine, as Pulumi resources; local/ is what is behind them, for those that need no Pulumi. */
export { CrewIdentity, type CrewIdentityArgs } from "./crew-identity.ts";
export { CrewProcess, type CrewProcessArgs } from "./crew-process.ts";
