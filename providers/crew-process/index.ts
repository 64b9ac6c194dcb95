/** A crew as a process on this machine, as Pulumi resources. local/ is the implementation, which works without Pulumi. */
export { CrewIdentity, type CrewIdentityArgs } from "./crew-identity.ts";
export { CrewProcess, type CrewProcessArgs } from "./crew-process.ts";
