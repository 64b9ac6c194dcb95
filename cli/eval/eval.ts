import { writeFileSync } from "node:fs";
import type { Project } from "../../stacks/project.ts";
import { evalDocument, hasPassed } from "../../stacks/eval/document.ts";
import { junitReport } from "../../stacks/eval/junit.ts";
import { UserError } from "../../stacks/user-error.ts";
import { printJson, printProgress } from "../text.ts";
import { type EvalFlags, chooseAgents, evaluateAll } from "./run.ts";
import { evalTable } from "./text.ts";

/** `eval`: does the jobs that agents are evaluated by. Exit code 0 when every agent passed, else 1. */
export async function evaluate(
  project: Project,
  agentId: string | undefined,
  flags: EvalFlags,
): Promise<number> {
  const chosen = chooseAgents(project, agentId, flags);
  if (typeof chosen === "number") return chosen;
  const agents = await evaluateAll(project, chosen, flags);
  if (typeof agents === "number") return agents;
  // A report of nothing would only lie about in the checkout.
  if (flags.junit !== undefined && agents.length > 0) write(flags.junit, junitReport(flags.stack, agents));
  if (flags.json) printJson(evalDocument(flags.stack, agents));
  else if (agents.length === 0) printProgress(`No agent of stack ${flags.stack} has evaluations.`);
  else process.stdout.write(evalTable(agents));
  return agents.every(({ record }) => hasPassed(record)) ? 0 : 1;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UserError(
      `The report cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
