export { createDisplay } from "./display/display.ts";
export type { DisplayOptions } from "./display/options.ts";
export { EngineError, NotImplemented } from "./errors.ts";
export { destroy, preview, refresh, up } from "./run/run.ts";
export * from "./stack/index.ts";
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
export type { PropertyChange, PropertyMap, Value } from "./values.ts";
