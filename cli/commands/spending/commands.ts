import { type CommandSpec, asJson, onStack, option } from "../command.ts";
import type { CostsFlags } from "./costs.ts";
import type { SpentFlags } from "./spent.ts";

export const SPENT: CommandSpec = {
  name: "spent",
  description: "sum what runs spent, by month and agent: this machine's, or with masumi:ledger all machines'",
  options: [
    onStack(),
    option("--month <yyyy-mm>", "this month alone (UTC)"),
    option("--agent <id>", "this agent alone"),
    asJson("print the sums as JSON"),
  ],
  notes: ["Exit code: 1 when lines of the ledger could not be read, else 0."],
  examples: ["spent", "spent --month 2026-11 --stack mainnet", "spent --json | jq -r .total.feeLovelace"],
  run: async (project, flags: SpentFlags) => (await import("./spent.ts")).spent(project, flags),
};

export const COSTS: CommandSpec = {
  name: "costs",
  description:
    "sum what agents cost, by month and agent: tokens of models, time of containers, their price, and fees of the chain",
  options: [
    onStack(),
    option("--month <yyyy-mm>", "this month alone (UTC)"),
    option("--agent <id>", "this agent alone"),
    option("--jobs", "each job's tokens and time, and not their sums"),
    option("--customers", "each customer's sums, and not each agent's"),
    asJson("print the sums as JSON"),
  ],
  notes: [
    "Prices are the stack's, in US dollars: masumi:modelPrices per million tokens, masumi:containerPrices per hour.",
    "Of agents on ECS, what they used is in the stack's database: set MASUMI_DATABASE_URL to its URL.",
    "Exit code: 1 when what an agent used or lines of the ledger could not be read, else 0.",
  ],
  examples: [
    "costs",
    "costs --month 2026-11 --stack preprod",
    "costs --customers",
    "costs --jobs --json | jq '.rows[].models[]'",
  ],
  run: async (project, flags: CostsFlags) => (await import("./costs.ts")).costs(project, flags),
};
