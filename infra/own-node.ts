import { CodedError } from "../providers/common/coded-error.ts";
import { NPM_NODE_VARIABLE, isNpmNode, refusalOfNpmNode } from "../providers/common/npm-node.js";

export type NodeErrorCode = "NODE_FROM_NPM";

/** The program may not run on the Node that it was started with (docs/errors.md). */
export class NodeError extends CodedError<NodeErrorCode> {
  override readonly name = "NodeError";
}

/**
 * Refuses to run a stack other than local on a Node that an npm package brought, unless it is asked for. masumi-agents does so
 * for every command; this is for those who start Pulumi themselves.
 *
 * @throws NodeError
 */
export function requireOwnNode(
  stack: string,
  execPath = process.execPath,
  env: NodeJS.ProcessEnv = process.env,
): void {
  const refusal = isNpmNode(execPath) ? refusalOfNpmNode(stack, env[NPM_NODE_VARIABLE]) : undefined;
  if (refusal) throw new NodeError("NODE_FROM_NPM", refusal.what, refusal.remedy);
}
