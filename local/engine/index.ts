export { createDisplay } from "./display/display.ts";
export type { DisplayOptions } from "./display/options.ts";
export { EngineError, NotImplemented } from "./errors.ts";
export { destroy, preview, refresh, up } from "./run/run.ts";
export {
  configValues,
  exportState,
  getConfig,
  initStack,
  removeConfig,
  setConfig,
  type StackOptions,
  stackOutputs,
} from "./stack/stack.ts";
export type { ConfigValue } from "./stack/stack-config.ts";
export type {
  Changes,
  Diagnostic,
  EngineEvent,
  Operation,
  RunOptions,
  RunResult,
  Severity,
  StepInfo,
  StepOp,
  TrustsProvider,
} from "./types.ts";
export { unprotect } from "./stack/unprotect.ts";
export type { PropertyChange, PropertyMap, Value } from "./values.ts";
