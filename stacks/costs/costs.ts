import { basename, dirname, extname } from "node:path";
import { pricesOf } from "../../infra/config.ts";
import type { Agent, LoadedAgents } from "../../infra/declarations/index.ts";
import { agentsFolder, loadStackAgents } from "../agents.ts";
import { readNetwork } from "../network.ts";
import type { CallOptions, Project } from "../project.ts";
import { type SpentDocument, readSpending } from "../spent.ts";
import { unknownAgent } from "../unknown-agent.ts";
import {
  type ContainerPrices,
  type ModelPrices,
  costOf,
  costOfTime,
  formatUsd,
  isBilled,
  sumUsd,
} from "./prices.ts";
import { type RunningTime, type TokenCount, type Unread, readUsage } from "./usage.ts";

export interface CostsFilter {
  readonly stack: string;
  /** `2026-11`, UTC */
  readonly month?: string | undefined;
  readonly agent?: string | undefined;
  /** Whether each job's tokens and time are wanted, rather than their sums. */
  readonly jobs?: boolean | undefined;
  /** Whether the sums of each customer are wanted, rather than those of each agent. */
  readonly customers?: boolean | undefined;
}

/** Documented in docs/outputs.md. */
export interface CostsDocument {
  readonly version: 1;
  readonly stack: string;
  readonly rows: readonly {
    readonly month: string;
    /** Null where agents of a customer are summed. */
    readonly agent: string | null;
    /** Who the agent belongs to, by the `user` of its declaration. */
    readonly user: string | null;
    readonly models: readonly ModelCost[];
    readonly time: TimeCost;
    /** Only with `jobs`: how long each ran. */
    readonly jobs?: readonly { readonly job: string; readonly seconds: number }[];
    readonly feeLovelace: string;
  }[];
  readonly total: Omit<ModelCost, "model" | "job"> & {
    readonly time: TimeCost;
    readonly feeLovelace: string;
  };
  /** Models that masumi:modelPrices has no price of. */
  readonly unpriced: readonly string[];
  /** Agents with a time that masumi:containerPrices has no price of; processes only if that names prices at all. */
  readonly unpricedTime: readonly string[];
  /** Agents whose usage could not be read, and is missing. */
  readonly unread: readonly Unread[];
  /** Number of the ledger's lines that were left out; `spent` tells more. */
  readonly skippedLines: number;
}

interface ModelCost {
  /** Only with `jobs`: what the log calls the job by; null for what belongs to none. */
  readonly job?: string | null;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Exactly; null if a price is missing. */
  readonly usd: string | null;
}

interface TimeCost {
  /** How long processes and containers of the agents' own were up. */
  readonly containerSeconds: number;
  /** How long jobs ran, in those or in the shared crew service. */
  readonly jobSeconds: number;
  /** Null if a price is missing. */
  readonly usd: string | null;
}

/**
 * Return what a stack's agents cost: what their crews used of models, the time that they ran, and the fees of their transactions.
 *
 * @throws UserError when month is none, there is no such agent, or the ledger cannot be read
 * @throws ConfigurationError when masumi:modelPrices, masumi:containerPrices or masumi:ledger cannot be read
 */
export async function readCosts(
  project: Project,
  filter: CostsFilter,
  options: CallOptions,
): Promise<CostsDocument> {
  const { stack } = filter;
  const prices = pricesOf(stack, readNetwork(project, stack).settings);
  const spent = await readSpending(project, filter, options);
  const { readable, complaints } = loadStackAgents(project, stack);
  const invalid = invalidAgents(agentsFolder(project, stack), { readable, complaints });
  if (filter.agent !== undefined && ![...readable, ...invalid].some(({ id }) => id === filter.agent)) {
    await requireKnown(project, { stack, agent: filter.agent, agents: [...readable, ...invalid] }, options);
  }
  const { unread, ...usage } = await readUsage(project, filter, options);
  const users = new Map(readable.map(({ id, user }) => [id, user ?? null]));
  const { otherVersions, unreadable } = spent.skipped;
  return {
    version: 1,
    stack,
    ...sumCosts({ ...usage, ...prices, fees: spent.rows, users }, filter),
    unread: [...unread, ...invalid.filter(isMeant(filter)).map(isInvalid)],
    skippedLines: Object.values(otherVersions).reduce((sum, number) => sum + number, unreadable),
  };
}

type HasId = Pick<Agent, "id">;

/** The agents whose files are so wrong that where they run is not known, by the names of the files. */
function invalidAgents(
  folder: string,
  { readable, complaints }: Pick<LoadedAgents, "readable" | "complaints">,
): (HasId & { readonly file: string })[] {
  const isAgents = (file: string) => dirname(file) === folder && /\.ya?ml$/.test(file);
  const files = new Set(complaints.map(({ file }) => file).filter(isAgents));
  for (const { file } of readable) files.delete(file);
  return [...files].map((file) => ({ id: basename(file, extname(file)), file }));
}

const isMeant =
  ({ agent }: CostsFilter) =>
  ({ id }: HasId): boolean =>
    agent === undefined || id === agent;

const isInvalid = ({ id, file }: ReturnType<typeof invalidAgents>[number]): Unread => ({
  agent: id,
  reason: `${file} is not valid; masumi-agents validate says why`,
});

/** Refuses an agent that the stack neither declares nor, by its ledger, once had. @throws UserError */
async function requireKnown(
  project: Project,
  { stack, agent, agents }: { stack: string; agent: string; agents: readonly HasId[] },
  options: CallOptions,
): Promise<void> {
  const { rows } = await readSpending(project, { stack, agent }, options);
  if (rows.length === 0) throw unknownAgent(stack, agent, agents);
}

interface Costs {
  readonly counts: readonly TokenCount[];
  readonly times: readonly RunningTime[];
  readonly fees: readonly Pick<SpentDocument["rows"][number], "month" | "agent" | "feeLovelace">[];
  readonly modelPrices: ModelPrices;
  readonly containerPrices: ContainerPrices;
  readonly users: ReadonlyMap<string, string | null>;
}

/** Return costs by month, and agent or customer, and their sum. */
export function sumCosts(
  { counts, times, fees, users, ...prices }: Costs,
  { jobs = false, customers = false }: Pick<CostsFilter, "jobs" | "customers">,
): Omit<CostsDocument, "version" | "stack" | "unread" | "skippedLines"> {
  const userOf = (agent: string): string | null => users.get(agent) ?? null;
  const keyOf = ({ month, agent }: { readonly month: string; readonly agent: string }): string =>
    JSON.stringify([month, customers ? null : agent, userOf(agent)]);
  const countsOf = Map.groupBy(counts, keyOf);
  const timesOf = Map.groupBy(times, keyOf);
  const feesOf = Map.groupBy(fees, keyOf);
  const keys = [...new Set([...countsOf.keys(), ...timesOf.keys(), ...feesOf.keys()])].toSorted();
  const rows = keys.map((key) => {
    const [month, agent, user] = JSON.parse(key) as [string, string | null, string | null];
    const ran = timesOf.get(key) ?? [];
    return {
      month,
      agent,
      user,
      models: modelCosts(countsOf.get(key) ?? [], prices.modelPrices, jobs),
      time: timeCost(ran, prices.containerPrices),
      ...(jobs ? { jobs: ran.flatMap(jobTime) } : {}),
      feeLovelace: sumFees(feesOf.get(key) ?? []),
    };
  });
  const costs = counts.map((count) => costOf(count, prices.modelPrices));
  const namesWithout = <T>(
    of: readonly T[],
    nameOf: (one: T) => string,
    price: (one: T) => unknown,
  ): string[] => [...new Set(of.filter((one) => price(one) === undefined).map(nameOf))].toSorted();
  return {
    rows,
    total: {
      inputTokens: counts.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
      outputTokens: counts.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
      usd: priced(costs),
      time: timeCost(times, prices.containerPrices),
      feeLovelace: sumFees(fees),
    },
    unpriced: namesWithout(
      counts,
      ({ model }) => model,
      (count) => costOf(count, prices.modelPrices),
    ),
    unpricedTime: namesWithout(
      times.filter((time) => isBilled(time, prices.containerPrices)),
      ({ agent }) => agent,
      (time) => costOfTime(time, prices.containerPrices),
    ),
  };
}

const sumFees = (fees: Costs["fees"]): string =>
  String(fees.reduce((sum, { feeLovelace }) => sum + BigInt(feeLovelace), 0n));

const priced = (costs: readonly (bigint | undefined)[]): string | null =>
  sumUsd(costs.map((cost) => (cost === undefined ? null : formatUsd(cost))));

/** Of each model, and job if they are wanted: agents of one customer may have used the same one. */
function modelCosts(counts: readonly TokenCount[], prices: ModelPrices, jobs: boolean): ModelCost[] {
  const groups = Map.groupBy(counts, ({ job, model }) => JSON.stringify([job, model]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { job, model } = first;
    const inputTokens = group.reduce((sum, count) => sum + count.inputTokens, 0);
    const outputTokens = group.reduce((sum, count) => sum + count.outputTokens, 0);
    const usd = priced([costOf({ model, inputTokens, outputTokens }, prices)]);
    return [{ ...(jobs ? { job: job || null } : {}), model, inputTokens, outputTokens, usd }];
  });
}

function timeCost(times: readonly RunningTime[], prices: ContainerPrices): TimeCost {
  const secondsOf = (of: readonly RunningTime[]): number =>
    of.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  return {
    containerSeconds: secondsOf(times.filter(({ job }) => job === null)),
    jobSeconds: secondsOf(times.filter(({ job }) => job !== null)),
    usd: priced(times.map((time) => costOfTime(time, prices))),
  };
}

const jobTime = ({ job, milliseconds }: RunningTime) =>
  job === null ? [] : [{ job, seconds: milliseconds / 1000 }];
