import { formatAda } from "../../../providers/common/amounts.ts";
import type { Project } from "../../../stacks/project.ts";
import { type SpentDocument, readSpending } from "../../../stacks/spent.ts";
import { formatTable, stdoutColumns } from "../../table.ts";
import { count, paintFor, print, printJson, printProgress } from "../../text.ts";

export interface SpentFlags {
  readonly stack: string;
  readonly month?: string;
  readonly agent?: string;
  readonly json?: boolean;
}

/** `spent`: what runs spent, by month and agent. Exit code 1 when lines of the ledger could not be read. */
export async function spent(project: Project, flags: SpentFlags): Promise<number> {
  const document = await readSpending(project, flags, { env: process.env });
  if (flags.json) printJson(document);
  else print(spentText(document));
  const { bucket, unsent, skipped } = document;
  const { otherVersions, unreadable } = skipped;
  for (const [version, number] of Object.entries(otherVersions)) {
    printProgress(`${count(number, "line")} of version ${version} left out: use a newer masumi-agents.`);
  }
  if (unreadable > 0) {
    printProgress(`${count(unreadable, "line")} of ${bucket ?? ".masumi/ledger.jsonl"} cannot be read.`);
  }
  if (bucket && unsent > 0) {
    printProgress(`${count(unsent, "line")} of this machine not in ${bucket} yet: its next run sends them.`);
  }
  return Object.keys(otherVersions).length > 0 || unreadable > 0 ? 1 : 0;
}

const HEADINGS = [
  "month",
  "agent",
  "registered",
  "updated",
  "burned",
  "fees (ADA)",
  "locked (ADA)",
  "freed (ADA)",
];

type Sums = SpentDocument["total"];

const cells = ({
  registrations,
  updates,
  burns,
  feeLovelace,
  lockedLovelace,
  freedLovelace,
}: Sums): string[] => [
  String(registrations),
  String(updates),
  String(burns),
  ...[feeLovelace, lockedLovelace, freedLovelace].map((lovelace) => formatAda(BigInt(lovelace))),
];

function spentText({ stack, bucket, rows, total, open, elsewhere }: SpentDocument): string {
  const lines = open.map(
    ({ agent, kind, time }) =>
      `What became of the request to ${kind} ${agent} of ${time} is not known yet.\n`,
  );
  if (elsewhere > 0) {
    const noun = elsewhere === 1 ? "transaction was" : "transactions were";
    lines.push(`${elsewhere} ${noun} requested elsewhere; not counted.\n`);
  }
  if (rows.length === 0) {
    const run = bucket ? "No run" : "No run of this machine";
    return [`${run} spent anything on stack ${stack}.\n`, ...lines].join("");
  }
  const grid = [
    ...rows.map(({ month, agent, ...sums }) => [month, agent, ...cells(sums)]),
    ["total", "", ...cells(total)],
  ];
  const table = formatTable(HEADINGS, grid, { columns: stdoutColumns(), paint: paintFor(process.stdout) });
  return [table, ...lines].join("");
}
