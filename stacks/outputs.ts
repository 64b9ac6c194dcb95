import axios, { isAxiosError } from "axios";
import { z } from "zod";
import { redirectText } from "../providers/common/redirect.ts";
import { stackOutputs } from "../local/engine/stack/index.ts";
import { localRun } from "./local-stack.ts";
import { type CallOptions, LOCAL_STACK, type Project } from "./project.ts";
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

/** An agent as the stack's last run left it. */
export type AgentOutput = z.output<typeof agentOutput>;

async function readOutput(project: Project, stack: string, options: CallOptions): Promise<unknown> {
  if (stack === LOCAL_STACK)
    return (await stackOutputs(localRun(project, 0), { showSecrets: false }))["agents"];
  const words = ["stack", "output", "agents", "--json", "--stack", stack];
  return JSON.parse(
    await askRealPulumi(project, words, `The agents of stack ${stack} could not be read.`, options),
  );
}

/**
 * Return the agents of a stack as its last run left them; none before the first.
 *
 * @throws UserError when the real Pulumi CLI does not tell, or another version of the output is found
 */
export async function readAgentOutputs(
  project: Project,
  stack: string,
  options: CallOptions,
): Promise<AgentOutput[]> {
  const output = await readOutput(project, stack, options);
  if (output === undefined) return [];
  const checked = agentsOutput.safeParse(output);
  if (checked.success) return Object.values(checked.data.agents);
  throw new UserError(`The output of stack ${stack} is not of version 1: run up with this version first.`);
}

/** An agent as the last run left it, and what it answers now. */
export interface AgentStatus extends AgentOutput {
  /** The status that its /availability gives; `no answer`, or `HTTP <code>` where that is all it answers. */
  readonly availability: string;
}

async function askAvailability(url: string, signal?: AbortSignal): Promise<string> {
  try {
    const answer = await axios.get<{ status?: unknown }>(`${url}/availability`, {
      timeout: 5_000,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: 65_536,
      ...(signal ? { signal } : {}),
    });
    return typeof answer.data.status === "string" ? answer.data.status : "answers";
  } catch (error) {
    signal?.throwIfAborted();
    if (!isAxiosError(error)) throw error;
    if (!error.response) return "no answer";
    const { status, headers } = error.response;
    return `HTTP ${status}${redirectText(status, headers["location"])}`;
  }
}

/** Return agents with what each answers right now. */
export const withAvailability = (
  agents: readonly AgentOutput[],
  signal?: AbortSignal,
): Promise<AgentStatus[]> =>
  Promise.all(
    agents.map(async (agent) => ({ ...agent, availability: await askAvailability(agent.url, signal) })),
  );
