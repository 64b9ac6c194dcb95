import { examineDrift } from "../../infra/fleet/index.ts";
import { driftDocument, driftText } from "../drift-report.ts";
import { paintFor } from "../paint.ts";
import type { Project } from "../../stacks/project.ts";
import { readStack } from "../../stacks/read-stack.ts";
import { printJson } from "../../stacks/text.ts";
import { printComplaints } from "./validate.ts";

export interface DriftFlags {
  readonly stack: string;
  readonly json?: boolean;
}

/**
 * `drift`: what is registered, held against what is declared, from the declarations and the payment service alone.
 * Exit code 0: as declared; 2: not; 1: it could not be told, for one agent or for all.
 */
export async function drift(project: Project, flags: DriftFlags): Promise<number> {
  const { stack, config, declared, client, urlOf } = await readStack(project, flags.stack);
  if (declared.complaints.length > 0) return printComplaints(declared.complaints, flags.json === true);
  const found = await examineDrift(client, { config, agents: declared.agents, urlOf });
  if (flags.json) printJson(driftDocument(stack, config, found));
  else process.stdout.write(driftText(config, found, paintFor(process.stdout)));
  if (found.problems.length > 0) return 1;
  return found.hasDrifted ? 2 : 0;
}
