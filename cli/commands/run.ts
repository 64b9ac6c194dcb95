import { existsSync, readFileSync } from "node:fs";
import { authorSettings } from "../../infra/config.ts";
import type { Agent } from "../../infra/declarations/index.ts";
import { loadStackAgents } from "../../stacks/agents.ts";
import { localStackExists, stateFile } from "../../stacks/local/local-stack.ts";
import { readNetwork } from "../../stacks/network.ts";
import { type Project, isLocalStack, requireStackFile } from "../../stacks/project.ts";
import { unknownAgent } from "../../stacks/unknown-agent.ts";
import type { UserError } from "../../stacks/user-error.ts";
import { readAgentOutputs } from "../../stacks/outputs.ts";
import type { Operation } from "../../stacks/run.ts";
import { targetsOf } from "../../stacks/targets.ts";
import { type AskingFlags, confirmed } from "../confirm.ts";
import { passToPulumi } from "../pulumi.ts";
import { type RunFlags, showLeftovers, showRun } from "../run.ts";
import { count } from "../text.ts";
import { printComplaints } from "../doctor/complaints.ts";
import { checkPlugins } from "../doctor/plugins.ts";
import { printProblems, printWithSettings } from "./validate.ts";

/**
 * `up`, `preview`, `refresh`, `destroy` of a local stack. Bad YAML stops the first two before anything is changed: before anything is
 * started where the stack is yet to be made, and else while its processes load.
 */
export async function runCommand(
  project: Project,
  operation: Operation,
  flags: RunFlags & AskingFlags,
): Promise<number> {
  if (operation === "destroy" && !(await confirmedDestroy(project, flags))) return 1;
  const complain = () => complaintsOf(project, operation, flags);
  if (localStackExists(project, flags.stack)) return showRun(project, operation, flags, complain);
  return complain() ?? showRun(project, operation, flags);
}

/** The same of any other stack, with what Pulumi is told. */
export async function passOperation(
  project: Project,
  operation: Operation,
  flags: RunFlags,
  words: readonly string[],
): Promise<number> {
  requireStackFile(project, flags.stack);
  const complained = complaintsOf(project, operation, flags);
  if (complained !== undefined) return complained;
  const exitCode = await passToPulumi(project, flags.stack, withUrns(project, flags, words));
  const isDestroyed = operation === "destroy" && exitCode === 0;
  return isDestroyed && (await showLeftovers(project, flags)) ? 1 : exitCode;
}

/** Pulumi knows agents by their URNs alone. */
function withUrns(
  project: Project,
  { stack, target = [], targetDependents }: RunFlags,
  words: readonly string[],
): string[] {
  const { targets, targetDependents: areNeeded } = targetsOf(project, stack, target, targetDependents);
  const left = targets.values();
  const urns = words.map((word, index) =>
    words[index - 1] === "--target" ? (left.next().value ?? word) : word,
  );
  return areNeeded && targets.length > 0 && !targetDependents ? [...urns, "--target-dependents"] : urns;
}

/** Prints what is wrong with the declarations that an operation needs, and returns the exit code then. */
function complaintsOf(project: Project, operation: Operation, flags: RunFlags): number | undefined {
  if (operation !== "up" && operation !== "preview") return undefined;
  try {
    const { agents, complaints } = loadStackAgents(project, flags.stack, { env: process.env });
    const json = flags.json === true;
    if (complaints.length > 0) return printComplaints(complaints, json);
    const unknown = unknownTarget(project, flags, agents);
    if (unknown) return printProblems([unknown.message], json);
    const missing = missingPlugins(project, flags.stack, agents);
    return missing.length > 0 ? printProblems(missing, json) : undefined;
  } catch (error) {
    return printWithSettings(project, error, flags);
  }
}

/** Returns the error for a target that is neither a URN nor an agent, declared or in the state of a local stack. */
function unknownTarget(
  project: Project,
  { stack, target = [] }: RunFlags,
  agents: readonly Agent[],
): UserError | undefined {
  const { targets } = targetsOf(project, stack, target);
  const named = target.filter(
    (id, index) => targets[index] !== id && agents.every((agent) => agent.id !== id),
  );
  const [first] = named.filter((id) => !isInState(project, stack, id));
  return first === undefined ? undefined : unknownAgent(stack, first, agents);
}

/** Whether an agent that is declared no more may be in the state: where only Pulumi can read that, Pulumi says so itself. */
function isInState(project: Project, stack: string, id: string): boolean {
  if (!isLocalStack(stack)) return true;
  const [urn = ""] = targetsOf(project, stack, [id]).targets;
  const file = stateFile(project, stack);
  return existsSync(file) && readFileSync(file, "utf8").includes(JSON.stringify(urn));
}

/** Returns which plugins a local stack's run would miss, after it has made other resources. */
function missingPlugins(project: Project, stack: string, agents: readonly Agent[]): string[] {
  if (!isLocalStack(stack)) return [];
  const settings = authorSettings(stack, readNetwork(project, stack).settings);
  return checkPlugins({ stack, agents, settings }, process.env)
    .filter(({ status }) => status === "fail")
    .map(({ message, remedy }) => `${message} ${remedy}`);
}

const confirmedDestroy = (project: Project, flags: RunFlags & AskingFlags): Promise<boolean> =>
  confirmed(async () => {
    const agents = await readAgentOutputs(project, flags.stack, { env: process.env });
    const ids = flags.target ?? agents.map(({ id }) => id);
    const what =
      ids.length === 0 ? "all that the state holds" : `${count(ids.length, "agent")} (${ids.join(", ")})`;
    return `This deregisters ${what}, burns the tokens and stops the crews. Destroy?`;
  }, flags);
