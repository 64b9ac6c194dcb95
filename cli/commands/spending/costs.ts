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
  readonly customers?: boolean;
  readonly json?: boolean;
}

/** `costs`: tokens, time, what they cost, and fees, by month and agent. Exit code 1 when something could not be read. */
export async function costs(project: Project, flags: CostsFlags): Promise<number> {
  const document = await readCosts(project, flags, { env: process.env });
  if (flags.json) printJson(document);
  else print(costsText(document));
  const { unpriced, unpricedTime, unread, skippedLines } = document;
  if (unpriced.length > 0) {
    const names = unpriced.map((name) => printable(name) || "(no name)").join(", ");
    printProgress(`masumi:modelPrices has no price of ${names} (docs/operations.md, What agents cost).`);
  }
  if (unpricedTime.length > 0) {
    const whose = unpricedTime.join(", ");
    printProgress(
      `masumi:containerPrices has no price of the time of ${whose} (docs/operations.md, What agents cost).`,
    );
  }
  for (const { agent, reason } of unread) printProgress(`What ${agent} used is missing: ${reason}`);
  if (skippedLines > 0) {
    printProgress(`${count(skippedLines, "line")} of the ledger left out: masumi-agents spent says why.`);
  }
  return unread.length > 0 || skippedLines > 0 ? 1 : 0;
}

const HEADINGS = ["month", "agent", "customer", "job", "of", "used", "USD", "fees (ADA)"];

type Row = CostsDocument["rows"][number];
type Model = Row["models"][number];

/** What one line is of, how much there was of it, and its price. */
type Line = readonly [job: string, of: string, used: string, usd: string];

const usdOf = (usd: string | null): string => (usd === null ? "?" : roundUsd(usd));
/** Nothing where nobody asks for a price. */
const timeUsd = (usd: string | null, lacksPrice: boolean): string =>
  usd === null && !lacksPrice ? "" : usdOf(usd);
const tokensOf = ({ inputTokens, outputTokens }: Pick<Model, "inputTokens" | "outputTokens">): string =>
  `${inputTokens} + ${outputTokens} tokens`;

/** Times are told alike whatever their length, so that a column adds up. @example timeOf(5400) // "1:30:00 h" */
function timeOf(seconds: number): string {
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  return `${Math.floor(whole / 3600)}:${twoDigits(minutes)}:${twoDigits(rest)} h`;
}
const twoDigits = (amount: number): string => String(amount).padStart(2, "0");

/** @param unpriced agents whose time should have a price, and has none */
function linesOf({ agent, models, time, jobs = [] }: Row, unpriced: readonly string[]): Line[] {
  const { containerSeconds, jobSeconds } = time;
  const lacksPrice = agent === null ? unpriced.length > 0 : unpriced.includes(agent);
  const usd = timeUsd(time.usd, lacksPrice);
  const isShared = containerSeconds === 0 && jobSeconds > 0;
  return [
    ...models.map((one): Line => [one.job ?? "", printable(one.model), tokensOf(one), usdOf(one.usd)]),
    ...(isShared ? [["", "shared time", timeOf(jobSeconds), usd] as const] : []),
    ...(containerSeconds > 0 ? [["", "runtime", timeOf(containerSeconds), usd] as const] : []),
    ...jobs.map(({ job, seconds }): Line => [job, "job", timeOf(seconds), ""]),
  ];
}

function costsText({ stack, rows, total, unpricedTime }: CostsDocument): string {
  if (rows.length === 0) return `No costs of stack ${stack} are known here.\n`;
  const grid = rows.flatMap((row) => {
    const whose = [row.month, row.agent ?? "", row.user ?? ""];
    const fees = formatAda(BigInt(row.feeLovelace));
    const lines = linesOf(row, unpricedTime);
    // Fees are the agent's, and not a model's or a job's: they are in the first line alone.
    return lines.length === 0
      ? [[...whose, "", "", "", "", fees]]
      : lines.map((line, place) => [...whose, ...line, place === 0 ? fees : ""]);
  });
  const { time, feeLovelace } = total;
  const whole = [
    "total",
    "",
    "",
    "",
    "models",
    tokensOf(total),
    usdOf(total.usd),
    formatAda(BigInt(feeLovelace)),
  ];
  const seconds = time.containerSeconds || time.jobSeconds;
  const times =
    seconds === 0
      ? []
      : [["total", "", "", "", "time", timeOf(seconds), timeUsd(time.usd, unpricedTime.length > 0), ""]];
  const all = [...grid, whole, ...times];
  const isUsed = HEADINGS.map((_, column) => all.some((row) => row[column] !== ""));
  const pick = (row: readonly string[]): string[] => row.filter((_, column) => isUsed[column]);
  const options = { columns: stdoutColumns(), paint: paintFor(process.stdout) };
  return formatTable(pick(HEADINGS), all.map(pick), options);
}
