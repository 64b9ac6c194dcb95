/**
 * What can be done with a stack: open a project, read, plan, compare, run, import. Nothing here writes to a terminal or
 * asks anybody: results are returned, and what happens meanwhile is handed to `onEvent`. Everything that waits takes an
 * AbortSignal; keys and switches are read from the environment that the caller gives.
 *
 *   const project = openProject(folder);
 *   const stack = await readStack(project, "preprod", { env, signal });
 *   const plan = planDocument(stack, await planStack(stack, signal));
 *   const { exitCode } = await runStack(project, { stack: "preprod", operation: "up", signal }, { env, onEvent });
 *   const agents = await readAgentOutputs(project, "preprod", { env, signal });
 *
 * The command line imports the files one by one, so that no command loads more than it needs.
 */
export { agentsFolder, loadStackAgents } from "./agents.ts";
export {
  type DriftDocument,
  type ImportDocument,
  type PlanDocument,
  complaintsDocument,
  driftDocument,
  importDocument,
  planDocument,
  runDocument,
  statusDocument,
} from "./documents.ts";
export {
  type ImportResult,
  type Importable,
  judgeImports,
  readImportable,
  writeImports,
} from "./import/import.ts";
export { findStackLeftovers } from "./leftovers.ts";
export { readMarket } from "./network.ts";
export {
  type AgentOutput,
  type AgentStatus,
  feeShares,
  readAgentOutputs,
  withAvailability,
} from "./outputs.ts";
export { type StackPaymentService, findPaymentService } from "./payment-service.ts";
export {
  type CallOptions,
  type Environment,
  LOCAL_STACK,
  type Project,
  isLocalStack,
  openProject,
  stackFile,
  stackNames,
} from "./project.ts";
export { type LocalStackOptions, type SecretSetting, prepareLocalStack } from "./local/local-stack.ts";
export { type ReadStack, findStackDrift, planStack, readStack } from "./read-stack.ts";
export {
  type Operation,
  type RunEvent,
  type RunRequest,
  type RunResult,
  type StackRun,
  runStack,
} from "./run.ts";
export {
  type RunningSandbox,
  type SandboxOptions,
  findSandbox,
  startSandboxProcess,
  stopSandbox,
} from "./local/sandbox-process.ts";
export { type SpentDocument, type SpentFilter, readSpending, sumSpending } from "./spent.ts";
export { type Targets, targetWords, targetsOf } from "./targets.ts";
export { type UnsettledRequest, readUnsettledRequests } from "./unsettled.ts";
export { makeRealStack } from "./pulumi/real-pulumi.ts";
export { UserError } from "./user-error.ts";
