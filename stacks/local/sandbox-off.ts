import { type Project, isLocalStack } from "../project.ts";
import { findSandbox } from "./sandbox-process.ts";
import { usesSandbox } from "./uses-sandbox.ts";

/** Why nothing can be asked of a payment service. */
export const SANDBOX_OFF = "the sandbox is off";

/** Return whether a stack's payment service is this project's sandbox, and that does not run. @throws UserError as findSandbox */
export const sandboxIsOff = async (project: Project, stack: string, signal?: AbortSignal): Promise<boolean> =>
  isLocalStack(stack) && usesSandbox(project, stack) && (await findSandbox(project, signal)) === undefined;
