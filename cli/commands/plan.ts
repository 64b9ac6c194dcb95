import { planDocument } from "../../stacks/documents.ts";
import { deadCrewNotice, deadCrews } from "../../stacks/crews.ts";
import type { Project } from "../../stacks/project.ts";
import { planStack } from "../../stacks/read-stack.ts";
import { whatRanIn } from "../../stacks/documents/what-ran.ts";
import { problemsHere } from "../doctor/checks.ts";
import { planMarkdown, planTable } from "../plan/report.ts";
import { print, printJson } from "../text.ts";
import { openStack } from "./open-stack.ts";

export interface PlanFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly wide?: boolean;
  readonly since?: string;
}

/**
 * `plan`: what an up would do on the chain and what it costs, from the declarations and the payment service alone.
 * Exit code 1 when something stands in the way.
 */
export async function plan(project: Project, flags: PlanFlags): Promise<number> {
  const stack = await openStack(project, flags);
  if (typeof stack === "number") return stack;
  const { agents } = stack.declared;
  const before = flags.since === undefined ? {} : whatRanIn(flags.since, flags.stack, process.env);
  const dead = deadCrews(project, flags.stack, agents).map((crew) => deadCrewNotice(crew, flags.stack));
  const [examined, here] = await Promise.all([
    planStack(stack),
    problemsHere(flags.stack, { config: stack.config, agents }),
  ]);
  const examination = { ...examined, problems: [...examined.problems, ...here] };
  const document = planDocument(stack, examination, {
    notices: [...dead, ...(before.notice ?? [])],
    runsBefore: before.runs,
  });
  if (flags.json) printJson(document);
  else
    // A comment's lines are copied as they are.
    if (flags.markdown) process.stdout.write(planMarkdown(document));
    else print(planTable(document, flags.wide === true));
  return document.problems.length > 0 ? 1 : 0;
}
