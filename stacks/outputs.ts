import axios, { isAxiosError } from "../providers/common/axios.ts";
import { z } from "zod";
import { LISTING_TYPES } from "../providers/masumi/service/index.ts";
import { redirectText } from "../providers/common/redirect.ts";
import { exportState } from "../local/engine/stack/index.ts";
import { localRun, localStackExists } from "./local/local-stack.ts";
import { type CallOptions, type Project, isLocalStack, requireStackFile } from "./project.ts";
import { askRealPulumi } from "./pulumi/real-pulumi.ts";
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
  /** Absent of a standard agent, as before there were others. */
  listing: z
    .object({
      type: z.enum(LISTING_TYPES).exclude(["standard"]),
      documentUrl: z.string(),
      protocolVersions: z.array(z.string()).optional(),
    })
    .optional(),
  feeLovelace: z.string(),
  lockedLovelace: z.string(),
  user: z.string().optional(),
});
const agentsOutput = z.object({ version: z.literal(1), agents: z.record(z.string(), agentOutput) });

/** An agent as the stack's last run left it. */
export type AgentOutput = z.output<typeof agentOutput>;

const exportedState = z.object({
  deployment: z
    .object({
      resources: z
        .array(
          z.object({
            urn: z.string(),
            type: z.string(),
            delete: z.boolean().optional(),
            outputs: z.record(z.string(), z.unknown()).optional(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

const REGISTRATION = "pulumi-nodejs:dynamic/masumi:AgentRegistration";

/** A resource that a stack's last run left. */
export type StateResource = NonNullable<
  NonNullable<z.output<typeof exportedState>["deployment"]>["resources"]
>[number];

/** Return the name that a resource has in the program. */
export const nameInProgram = ({ urn }: Pick<StateResource, "urn">): string =>
  urn.slice(urn.lastIndexOf("::") + 2);

/** Return the resources of a stack as its last run left them; none before the first. */
export async function readResources(
  project: Project,
  stack: string,
  options: CallOptions,
): Promise<StateResource[]> {
  const { deployment } = exportedState.parse(await readState(project, stack, options));
  return (deployment?.resources ?? []).filter((resource) => resource.delete !== true);
}

/** Return a stack's state, as `stack export` prints it. */
async function readState(project: Project, stack: string, options: CallOptions): Promise<unknown> {
  requireStackFile(project, stack);
  if (isLocalStack(stack))
    return localStackExists(project, stack) ? exportState(localRun(project, stack)) : {};
  const failure = `The agents of stack ${stack} could not be read.`;
  return JSON.parse(await askRealPulumi(project, ["stack", "export", "--stack", stack], failure, options));
}

/**
 * Return the agents of a stack as its last run left them; none before the first. The stack's output alone would not do: a run with
 * --target that removes an agent does not change it.
 *
 * @throws UserError when the real Pulumi CLI does not tell, or another version of the output is found
 */
export async function readAgentOutputs(
  project: Project,
  stack: string,
  options: CallOptions,
): Promise<AgentOutput[]> {
  const resources = await readResources(project, stack, options);
  const output = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs?.["agents"];
  if (output === undefined) return [];
  const checked = agentsOutput.safeParse(output);
  if (!checked.success) {
    throw new UserError(`The output of stack ${stack} is not of version 1: run up with this version first.`);
  }
  const registered = new Set(resources.filter(({ type }) => type === REGISTRATION).map(nameInProgram));
  return Object.values(checked.data.agents).filter(({ id }) => registered.has(id));
}

/**
 * Return each agent's part of the fees, in lovelace, by its id: agents of one transaction share its fee, and their parts add up to it.
 * Empty where the payment service did not say.
 */
export function feeShares(
  agents: readonly Pick<AgentOutput, "id" | "txHash" | "feeLovelace">[],
): ReadonlyMap<string, string> {
  const sharersOf = ({ id, txHash }: (typeof agents)[number]) =>
    agents.filter((other) => (txHash ? other.txHash === txHash : other.id === id));
  return new Map(
    agents.map((agent) => {
      if (agent.feeLovelace === "") return [agent.id, ""];
      const sharers = sharersOf(agent);
      const [fee, count] = [BigInt(agent.feeLovelace), BigInt(sharers.length)];
      // What does not divide falls on the first ones.
      const share = fee / count + (BigInt(sharers.indexOf(agent)) < fee % count ? 1n : 0n);
      return [agent.id, String(share)];
    }),
  );
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
