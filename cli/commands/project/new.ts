import { agentsFolder } from "../../../stacks/agents.ts";
import { newAgent } from "../../../stacks/init/new-agent.ts";
import type { Project } from "../../../stacks/project.ts";
import { print, printJson } from "../../text.ts";

export interface NewFlags {
  readonly stack: string;
  readonly from?: string;
  readonly json?: boolean;
}

/** `new`: writes the file of an agent, made from a template. Exit code 0. */
export function newAgentFile(project: Project, { stack, from, json }: NewFlags, id: string): number {
  const folder = agentsFolder(project, stack);
  const made = newAgent(project, { id, folder, ...(from === undefined ? {} : { template: from }) });
  if (json) printJson(made);
  else {
    print(
      `${made.file}${made.folder === undefined ? "" : `, with its code in ${made.folder}`}\n` +
        `Change it as you like; npx masumi-agents try ${id} does one job, and up registers it.\n`,
    );
  }
  return 0;
}
