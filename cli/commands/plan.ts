import { examineFleet } from "../../infra/fleet/index.ts";
import { planDocument, planMarkdown, planTable } from "../plan-report.ts";
import type { Project } from "../../stacks/project.ts";
import { readStack } from "../../stacks/read-stack.ts";
import { printJson } from "../../stacks/text.ts";
import { printComplaints } from "./validate.ts";

export interface PlanFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/**
 * `plan`: what an up would do on the chain and what it costs, from the declarations and the payment service alone.
 * Exit code 1 when something stands in the way.
 */
export async function plan(project: Project, flags: PlanFlags): Promise<number> {
  const { stack, config, declared, client, urlOf } = await readStack(project, flags.stack);
  if (declared.complaints.length > 0) return printComplaints(declared.complaints, flags.json === true);
  const { agents } = declared;
  const examination = await examineFleet(client, { config, agents, urlOf, spends: false, allBalances: true });
  const document = planDocument(stack, config, examination);
  if (flags.json) printJson(document);
  else process.stdout.write(flags.markdown ? planMarkdown(document) : planTable(document));
  return document.problems.length > 0 ? 1 : 0;
}
