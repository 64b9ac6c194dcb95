/** A stack's configuration and state, without running anything; it loads neither Pulumi's SDK nor gRPC. */
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
export { unprotect } from "./unprotect.ts";
