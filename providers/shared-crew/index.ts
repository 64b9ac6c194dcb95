/** A crew service that many agents share, and each agent's part in it, as Pulumi resources. */
export { SharedAgent, type FileBeside, type PackagesBeside, type SharedAgentArgs } from "./shared-agent.ts";
export { SharedIdentity, type SharedIdentityArgs } from "./shared-identity.ts";
export { SharedProcess, type SharedProcessArgs } from "./shared-process.ts";
export type { Place } from "./store/agent-store.ts";
