import { SANDBOX_BUYER_KEY } from "./local/local-stack.ts";
import { type Project, isLocalStack, readConfig } from "./project.ts";
import { usesSandbox } from "./local/uses-sandbox.ts";
import { findSandbox, sandboxIsMissing } from "./local/sandbox-process.ts";

/** The payment service of a stack, for those who buy on its network. */
export interface StackPaymentService {
  /** Base URL, ending in /api/v1. */
  readonly url: string;
  /** The sandbox has a buyer of its own. */
  readonly buyerKey?: string;
}

/** Return the stack's payment service; undefined if its settings name none. @throws UserError when the sandbox is not running */
export async function findPaymentService(
  project: Project,
  stack: string,
  signal?: AbortSignal,
): Promise<StackPaymentService | undefined> {
  if (isLocalStack(stack) && usesSandbox(project, stack)) {
    const sandbox = await findSandbox(project, signal);
    if (!sandbox) throw sandboxIsMissing();
    return { url: `${sandbox.url}/api/v1`, buyerKey: SANDBOX_BUYER_KEY };
  }
  const url = readConfig(project, stack)["masumi:paymentServiceUrl"];
  return url ? { url } : undefined;
}
