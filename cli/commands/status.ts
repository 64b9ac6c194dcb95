import { statusDocument } from "../../stacks/documents.ts";
import { readAgentOutputs, withAvailability } from "../../stacks/outputs.ts";
import type { Project } from "../../stacks/project.ts";
import { readUnsettledRequests } from "../../stacks/unsettled.ts";
import { agentTable } from "../agent-table.ts";
import { printable } from "../../providers/common/printable.ts";
import { printJson } from "../text.ts";

/** `status`: the agents of a stack, with what they answer right now. Exit code 1 when one does not answer. */
export async function status(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean },
): Promise<number> {
  const agents = await withAvailability(await readAgentOutputs(project, flags.stack, { env: process.env }));
  const unsettled = await readUnsettledRequests(project, flags.stack);
  if (flags.json) {
    printJson(statusDocument(agents, unsettled));
  } else if (agents.length === 0) {
    process.stdout.write("No agents are up. Start with: npx masumi-agents up\n");
  } else {
    process.stdout.write(agentTable(agents));
  }
  for (const { agentId, startedAt } of flags.json ? [] : unsettled) {
    process.stdout.write(
      `The registration of ${printable(agentId)} was requested at ${startedAt}, and what became of it is unknown ` +
        "(REGISTRATION_UNSETTLED). See npx masumi-agents plan.\n",
    );
  }
  return agents.some(({ availability }) => availability === "no answer") ? 1 : 0;
}
