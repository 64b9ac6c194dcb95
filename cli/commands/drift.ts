import { driftDocument } from "../../stacks/documents.ts";
import { deadCrews } from "../../stacks/crews.ts";
import type { Project } from "../../stacks/project.ts";
import { findStackDrift } from "../../stacks/read-stack.ts";
import { driftText } from "../drift-report.ts";
import { paintFor, print, printJson } from "../text.ts";
import { openStack } from "./open-stack.ts";

export interface DriftFlags {
  readonly stack: string;
  readonly json?: boolean;
}

/**
 * `drift`: what is registered, compared with what is declared, from the declarations and the payment service alone.
 * Exit code 0: as declared; 2: not; 1: could not be determined, for one agent or for all.
 */
export async function drift(project: Project, flags: DriftFlags): Promise<number> {
  const stack = await openStack(project, flags);
  if (typeof stack === "number") return stack;
  const { agents } = stack.declared;
  const found = await findStackDrift(stack);
  const dead = deadCrews(project, flags.stack, agents);
  if (flags.json) printJson(driftDocument(stack, found, dead));
  else print(driftText(stack.config, found, dead, paintFor(process.stdout)));
  if (found.problems.length > 0) return 1;
  return found.hasDrifted || dead.length > 0 ? 2 : 0;
}
