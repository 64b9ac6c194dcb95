import { statusDocument } from "../../stacks/documents.ts";
import { readAgentOutputs, withAvailability } from "../../stacks/outputs.ts";
import type { Project } from "../../stacks/project.ts";
import { agentTable } from "../agent-table.ts";
import { printJson } from "../text.ts";

/** `status`: the agents of a stack, with what they answer right now. Exit code 1 when one does not answer. */
export async function status(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean; readonly wide?: boolean },
): Promise<number> {
  const agents = await withAvailability(await readAgentOutputs(project, flags.stack, { env: process.env }));
  if (flags.json) {
    printJson(statusDocument(agents));
  } else if (agents.length === 0) {
    process.stdout.write("No agents are up. Start with: npx masumi-agents up\n");
  } else {
    process.stdout.write(agentTable(agents, flags.wide));
  }
  return agents.some(({ availability }) => availability === "no answer") ? 1 : 0;
}
