/** A stack's configuration and state, without running anything; it loads neither Pulumi's SDK nor gRPC. */
export { type Cancelled, cancel } from "./cancel.ts";
export { type DeleteFromStateOptions, deleteFromState } from "./delete-from-state.ts";
export {
  configValues,
  exportState,
  getConfig,
  initStack,
  removeConfig,
  setConfig,
  type StackOptions,
  stackOutputs,
} from "./stack.ts";
export type { ConfigValue } from "./stack-config.ts";
export { listStacks, stackExists, type StackSummary } from "./stacks.ts";
export { unprotect } from "./unprotect.ts";
export type { LockHolder } from "../state/lock.ts";
