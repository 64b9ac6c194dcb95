import { loadStackAgents } from "../../stacks/agents.ts";
import type { Project } from "../../stacks/project.ts";
import type { Operation } from "../../stacks/run.ts";
import { type RunFlags, showRun } from "../run.ts";
import { printComplaints } from "./validate.ts";

/** `up`, `preview`, `refresh`, `destroy`. Bad YAML stops the first two before anything is started. */
export async function runCommand(project: Project, operation: Operation, flags: RunFlags): Promise<number> {
  if (operation === "up" || operation === "preview") {
    const { complaints } = loadStackAgents(project, flags.stack);
    if (complaints.length > 0) return printComplaints(complaints, flags.json === true);
  }
  return showRun(project, operation, flags);
}
