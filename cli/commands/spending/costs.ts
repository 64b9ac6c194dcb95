import { formatAda } from "../../../providers/common/amounts.ts";
import { printable } from "../../../providers/common/printable.ts";
import { type CostsDocument, readCosts } from "../../../stacks/costs/costs.ts";
import { roundUsd } from "../../../stacks/costs/prices.ts";
import type { Project } from "../../../stacks/project.ts";
import { formatTable, stdoutColumns } from "../../table.ts";
import { count, paintFor, print, printJson, printProgress } from "../../text.ts";

export interface CostsFlags {
  readonly stack: string;
  readonly month?: string;
  readonly agent?: string;
  readonly jobs?: boolean;
  readonly json?: boolean;
}

/** `costs`: tokens, what they cost, and fees, by month and agent. Exit code 1 when something could not be read. */
export async function costs(project: Project, flags: CostsFlags): Promise<number> {
  const document = await readCosts(project, flags, { env: process.env });
  if (flags.json) printJson(document);
  else print(costsText(document, flags.jobs ?? false));
  const { unpriced, unread, skippedLines } = document;
  if (unpriced.length > 0) {
    const names = unpriced.map((name) => printable(name) || "(no name)").join(", ");
    printProgress(`masumi:modelPrices has no price of ${names} (docs/operations.md, What agents cost).`);
  }
  for (const { agent, reason } of unread) printProgress(`The tokens of ${agent} are missing: ${reason}`);
  if (skippedLines > 0) {
    printProgress(`${count(skippedLines, "line")} of the ledger left out: masumi-agents spent says why.`);
  }
  return unread.length > 0 || skippedLines > 0 ? 1 : 0;
}

type Total = CostsDocument["total"];

const HEADINGS = [
  "month",
  "agent",
  "customer",
  "job",
  "model",
  "input tokens",
  "output tokens",
  "USD",
  "fees (ADA)",
];

const tokensAndUsd = ({ inputTokens, outputTokens, usd }: Omit<Total, "feeLovelace">): string[] => [
  String(inputTokens),
  String(outputTokens),
  usd === null ? "?" : roundUsd(usd),
];

const feesOf = (lovelace: string): string => formatAda(BigInt(lovelace));

function costsText({ stack, rows, total }: CostsDocument, showsJobs: boolean): string {
  if (rows.length === 0) return `No costs of stack ${stack} are known here.\n`;
  const grid = rows.flatMap(({ month, agent, user, models, feeLovelace }) => {
    const whose = [month, agent, user ?? ""];
    if (models.length === 0) return [[...whose, "", "", "", "", "", feesOf(feeLovelace)]];
    // Fees are the agent's, and not a model's or a job's: they are in the first line alone.
    return models.map((one, line) => [
      ...whose,
      one.job ?? "",
      printable(one.model),
      ...tokensAndUsd(one),
      line === 0 ? feesOf(feeLovelace) : "",
    ]);
  });
  const whole = ["total", "", "", "", "", ...tokensAndUsd(total), feesOf(total.feeLovelace)];
  const hasUsers = rows.some(({ user }) => user !== null);
  const hidden = [...(hasUsers ? [] : ["customer"]), ...(showsJobs ? [] : ["job"])];
  const pick = (row: readonly string[]): string[] =>
    row.filter((_, column) => !hidden.includes(HEADINGS[column] ?? ""));
  const options = { columns: stdoutColumns(), paint: paintFor(process.stdout) };
  return formatTable(pick(HEADINGS), [...grid, whole].map(pick), options);
}
