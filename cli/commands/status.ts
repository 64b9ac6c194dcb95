import { agentTable, availability } from "../agent-table.ts";
import { readAgentOutputs } from "../../stacks/outputs.ts";
import type { Project } from "../../stacks/project.ts";

/** `status`: the agents of a stack, with what they answer right now. Exit code 1 when one does not answer. */
export async function status(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean },
): Promise<number> {
  const agents = await readAgentOutputs(project, flags.stack);
  const answers = await Promise.all(agents.map(({ url }) => availability(url)));
  if (flags.json) {
    const listed = agents.map((agent, index) => ({ ...agent, availability: answers[index] }));
    process.stdout.write(`${JSON.stringify({ version: 1, agents: listed }, null, 2)}\n`);
  } else if (agents.length === 0) {
    process.stdout.write("No agents are up. Start with: npx masumi-agents up\n");
  } else {
    process.stdout.write(await agentTable(agents));
  }
  return answers.includes("no answer") ? 1 : 0;
}
