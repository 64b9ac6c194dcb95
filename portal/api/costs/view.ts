import { formatAda } from "../../../providers/common/amounts.ts";
import { sumUsd } from "../../../stacks/costs/prices.ts";
import type { AgentRow } from "../../database/agents.ts";
import type { CostsView, CustomerCostsView } from "./schemas.ts";
import type { FleetCosts } from "./desk.ts";

type Row = FleetCosts["document"]["rows"][number];
type Sums = CostsView["months"][number];

/** The newest. */
const MOST_MONTHS = 12;

/** Why an agent's costs are not known; for operators, as it names what runs where. */
export interface Missing {
  readonly agentId: string;
  readonly reason: string;
}

/** Returns what agents cost, and nothing of any other: what a fleet's document has is cut to them by their ids. */
export function costsView(
  agents: readonly AgentRow[],
  fleets: readonly FleetCosts[],
  missing: readonly Missing[],
): CostsView {
  const own = new Map(agents.map((agent) => [agent.id, agent]));
  const rows = rowsOf(own, fleets);
  const months = groupOf(rows, ({ month }) => month).map(([month, of]) => ({ month, ...sumsOf(of) }));
  const shown = months.slice(0, MOST_MONTHS);
  const known = new Set(shown.map(({ month }) => month));
  return {
    readAt: earliest(fleets),
    months: shown,
    agents: rows
      .filter(({ month }) => known.has(month))
      .map(({ month, agent, ...row }) => ({
        month,
        agentId: agent,
        name: own.get(agent)?.form.name ?? agent,
        ...sumsOf([row]),
      })),
    missing: missing.filter(({ agentId }) => own.has(agentId)).map(({ agentId }) => agentId),
  };
}

/** Returns what each customer's agents cost in each month. */
export function customersView(
  agents: readonly AgentRow[],
  fleets: readonly FleetCosts[],
  names: ReadonlyMap<string, string>,
): CustomerCostsView[] {
  const own = new Map(agents.map((agent) => [agent.id, agent]));
  const userOf = ({ agent }: { readonly agent: string }): string => own.get(agent)?.userId ?? "";
  return groupOf(rowsOf(own, fleets), ({ month }) => month).flatMap(([month, of]) =>
    [...Map.groupBy(of, userOf)].map(([user, theirs]) => ({
      month,
      user,
      userName: names.get(user) ?? user,
      agents: new Set(theirs.map(({ agent }) => agent)).size,
      ...sumsOf(theirs),
    })),
  );
}

type OwnRow = Row & { readonly agent: string };

const rowsOf = (own: ReadonlyMap<string, AgentRow>, fleets: readonly FleetCosts[]): OwnRow[] =>
  fleets
    .flatMap(({ document }) => document.rows)
    .filter((row): row is OwnRow => row.agent !== null && own.has(row.agent))
    .toSorted((a, b) => (a.month === b.month ? (a.agent < b.agent ? -1 : 1) : a.month < b.month ? 1 : -1));

const groupOf = <T>(rows: readonly T[], keyOf: (row: T) => string) => [...Map.groupBy(rows, keyOf)];

const earliest = (fleets: readonly FleetCosts[]): string | null => {
  const times = fleets.map(({ readAt }) => readAt.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
};

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

function sumsOf(rows: readonly Pick<Row, "models" | "time" | "feeLovelace">[]): Omit<Sums, "month"> {
  const models = rows.flatMap((row) => row.models);
  return {
    inputTokens: sumOf(models.map(({ inputTokens }) => inputTokens)),
    outputTokens: sumOf(models.map(({ outputTokens }) => outputTokens)),
    modelsUsd: sumUsd(models.map(({ usd }) => usd)),
    containerSeconds: sumOf(rows.map(({ time }) => time.containerSeconds)),
    jobSeconds: sumOf(rows.map(({ time }) => time.jobSeconds)),
    timeUsd: sumUsd(rows.map(({ time }) => time.usd)),
    fees: formatAda(rows.reduce((sum, { feeLovelace }) => sum + BigInt(feeLovelace), 0n)),
  };
}
