import { promoteAgent, promotionText } from "../../../stacks/promote/promote.ts";
import type { Project } from "../../../stacks/project.ts";
import { printComplaints } from "../../doctor/complaints.ts";
import { printJson } from "../../text.ts";

export interface PromoteFlags {
  readonly to: string;
  readonly from: string;
  readonly price?: readonly string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `promote`: changes an agent's file so that it lives in one more stack, and prints the text of the pull request. Exit code 0, or 1 with complaints. */
export function promote(project: Project, flags: PromoteFlags, agentId: string): number {
  const { to, from, price, dryRun = false, json = false } = flags;
  const result = promoteAgent(project, {
    agentId,
    from,
    to,
    isDry: dryRun,
    ...(price === undefined ? {} : { prices: price }),
  });
  if ("complaints" in result) return printComplaints(result.complaints, json);
  if (json) printJson(result.promotion);
  else process.stdout.write(promotionText(result.promotion));
  return 0;
}
