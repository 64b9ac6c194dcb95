import { modelPrices } from "../../infra/config.ts";
import { loadStackAgents } from "../agents.ts";
import { readNetwork } from "../network.ts";
import type { CallOptions, Project } from "../project.ts";
import { type SpentDocument, readSpending } from "../spent.ts";
import { type ModelPrices, costOf, formatUsd } from "./prices.ts";
import { type TokenCount, type Unread, readTokenCounts } from "./token-counts.ts";

export interface CostsFilter {
  readonly stack: string;
  /** `2026-11`, UTC */
  readonly month?: string | undefined;
  readonly agent?: string | undefined;
  /** Whether each job's tokens are wanted, rather than their sums. */
  readonly jobs?: boolean | undefined;
}

/** Documented in docs/outputs.md. */
export interface CostsDocument {
  readonly version: 1;
  readonly stack: string;
  readonly rows: readonly {
    readonly month: string;
    readonly agent: string;
    /** Who the agent belongs to, by the `user` of its declaration. */
    readonly user: string | null;
    readonly models: readonly ModelCost[];
    readonly feeLovelace: string;
  }[];
  readonly total: Omit<ModelCost, "model" | "job"> & { readonly feeLovelace: string };
  /** Models that masumi:modelPrices has no price of. */
  readonly unpriced: readonly string[];
  /** Agents whose tokens could not be read, and are missing. */
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

/**
 * Return what a stack's agents cost: what their crews used of models, and the fees of their transactions.
 *
 * @throws UserError when month is none, or the ledger cannot be read
 * @throws ConfigurationError when masumi:modelPrices or masumi:ledger cannot be read
 */
export async function readCosts(
  project: Project,
  filter: CostsFilter,
  options: CallOptions,
): Promise<CostsDocument> {
  const { stack } = filter;
  const prices = modelPrices(stack, readNetwork(project, stack).settings);
  const spent = await readSpending(project, filter, options);
  const { counts, unread } = await readTokenCounts(project, filter, options);
  const { readable } = loadStackAgents(project, stack);
  const users = new Map(readable.map(({ id, user }) => [id, user ?? null]));
  const { otherVersions, unreadable } = spent.skipped;
  return {
    version: 1,
    stack,
    ...sumCosts({ counts, prices, fees: spent.rows, users, jobs: filter.jobs ?? false }),
    unread,
    skippedLines: Object.values(otherVersions).reduce((sum, number) => sum + number, unreadable),
  };
}

interface Costs {
  readonly counts: readonly TokenCount[];
  readonly prices: ModelPrices;
  readonly fees: readonly Pick<SpentDocument["rows"][number], "month" | "agent" | "feeLovelace">[];
  readonly users: ReadonlyMap<string, string | null>;
  readonly jobs: boolean;
}

/** Return costs by month and agent, and their sum. */
export function sumCosts({
  counts,
  prices,
  fees,
  users,
  jobs,
}: Costs): Pick<CostsDocument, "rows" | "total" | "unpriced"> {
  const byKey = Map.groupBy(counts, keyOf);
  const feeOf = new Map(fees.map((row) => [keyOf(row), row.feeLovelace]));
  const keys = [...new Set([...byKey.keys(), ...feeOf.keys()])].toSorted();
  const rows = keys.map((key) => {
    const [month, agent] = [key.slice(0, 7), key.slice(8)];
    const models = (byKey.get(key) ?? []).map((count) => modelCost(count, prices, jobs));
    return { month, agent, user: users.get(agent) ?? null, models, feeLovelace: feeOf.get(key) ?? "0" };
  });
  const costs = counts.map((count) => costOf(count, prices));
  const isPriced = (cost: bigint | undefined) => cost !== undefined;
  return {
    rows,
    total: {
      inputTokens: counts.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
      outputTokens: counts.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
      usd: costs.every(isPriced) ? formatUsd(costs.reduce((sum, cost) => sum + cost, 0n)) : null,
      feeLovelace: String(fees.reduce((sum, { feeLovelace }) => sum + BigInt(feeLovelace), 0n)),
    },
    unpriced: [
      ...new Set(counts.filter((_, place) => costs[place] === undefined).map(({ model }) => model)),
    ].toSorted(),
  };
}

const keyOf = ({ month, agent }: { readonly month: string; readonly agent: string }): string =>
  `${month} ${agent}`;

function modelCost(count: TokenCount, prices: ModelPrices, jobs: boolean): ModelCost {
  const { job, model, inputTokens, outputTokens } = count;
  const cost = costOf(count, prices);
  const usd = cost === undefined ? null : formatUsd(cost);
  return { ...(jobs ? { job: job || null } : {}), model, inputTokens, outputTokens, usd };
}
