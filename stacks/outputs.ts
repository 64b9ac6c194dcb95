import { z } from "zod";
import { stackOutputs } from "../local/engine/index.ts";
import { localRun } from "./local-stack.ts";
import { LOCAL_STACK, type Project } from "./project.ts";
import { askRealPulumi } from "./real-pulumi.ts";
import { UserError } from "./user-error.ts";

const price = z.object({ amount: z.string(), unit: z.string(), human: z.string() });
const agentOutput = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  network: z.string(),
  state: z.string(),
  agentIdentifier: z.string(),
  txHash: z.string(),
  registrationId: z.string(),
  walletVkey: z.string(),
  pricing: z.union([
    z.object({ type: z.literal("fixed"), prices: z.array(price) }),
    z.object({ type: z.enum(["free", "dynamic"]) }),
  ]),
  feeLovelace: z.string(),
  lockedLovelace: z.string(),
});
const agentsOutput = z.object({ version: z.literal(1), agents: z.record(z.string(), agentOutput) });

export type AgentStatus = z.output<typeof agentOutput>;

async function readOutput(project: Project, stack: string): Promise<unknown> {
  if (stack === LOCAL_STACK)
    return (await stackOutputs(localRun(project, 0), { showSecrets: false }))["agents"];
  const printed = await askRealPulumi(project, ["stack", "output", "agents", "--json", "--stack", stack]);
  if (printed === undefined) throw new UserError(`The agents of stack ${stack} could not be read.`);
  return JSON.parse(printed);
}

/**
 * The agents of a stack as its last run left them; empty before the first.
 * @throws UserError when the real Pulumi CLI does not tell, or another version of the output is found
 */
export async function readAgentOutputs(project: Project, stack: string): Promise<AgentStatus[]> {
  const output = await readOutput(project, stack);
  if (output === undefined) return [];
  const checked = agentsOutput.safeParse(output);
  if (checked.success) return Object.values(checked.data.agents);
  throw new UserError(`The output of stack ${stack} is not of version 1: run up with this version first.`);
}
