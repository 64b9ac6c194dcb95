/** A crew service that many agents share, and each agent's part in it, as Pulumi resources. */
export { STACK_VARIABLE, SharedAgent, type SharedAgentArgs } from "./shared-agent.ts";
export type { PackagesBeside } from "./packages-beside.ts";
export type { FileBeside } from "./store/file-beside.ts";
export { SharedIdentity, type SharedIdentityArgs } from "./shared-identity.ts";
export { SharedProcess, type SharedProcessArgs } from "./shared-process.ts";
export type { Place } from "./store/agent-store.ts";
