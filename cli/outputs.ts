import { z } from "zod";
import { stackOutputs } from "../local/engine/index.ts";
import { localRun } from "./local-stack.ts";
import type { Project } from "./project.ts";

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

/** The agents of the local stack as its last run left them; empty before the first. */
export async function readAgentOutputs(project: Project): Promise<AgentStatus[]> {
  const outputs = await stackOutputs(localRun(project, 0), { showSecrets: false });
  const checked = agentsOutput.safeParse(outputs["agents"]);
  return checked.success ? Object.values(checked.data.agents) : [];
}
