import type { StackConfig } from "../infra/config.ts";
import { costOf, formatAda } from "../infra/fleet/index.ts";
import type { Row } from "../providers/masumi/service/index.ts";
import { printable } from "../providers/common/printable.ts";
import type { ImportResult } from "../stacks/import/import.ts";
import type { Draft } from "../stacks/import/judge.ts";
import { isOfOtherOwner } from "../stacks/import/select.ts";
import { formatTable, stdoutColumns } from "./table.ts";
import { count, shorten } from "./text.ts";
import { stackOption } from "../stacks/project.ts";

/** For people: what was written, what was not and why. */
export function importText(
  config: StackConfig,
  { drafts, refusals }: ImportResult,
  written: boolean,
): string {
  const files = drafts.map((draft) => {
    const { agent, row } = draft;
    const text = written ? "" : `\n${draft.text}\n`;
    return `${agent.file}: ${describe(row)}; ${effect(draft)}${foreignNote(draft, config)}\n${text}`;
  });
  const refused = refusals.map(({ asked, row, reasons }) => {
    const lines = reasons.map(({ field, message, remedy }) => {
      const what = message.startsWith(field) ? message : `${field}: ${message}`;
      return `  - ${printable(remedy ? `${what}; ${remedy}` : what)}\n`;
    });
    return `Not imported: ${row ? describe(row) : printable(asked)}\n${lines.join("")}`;
  });
  return `${files.join("")}${refused.join("")}` || NOTHING_LEFT;
}

const NOTHING_LEFT = "Every registration of this stack's wallets is declared.\n";

const describe = ({ id, state, listing }: Row) =>
  `"${printable(listing.name)}" (registration ${id}, ${state})`;

function effect({ action, row }: Draft): string {
  if (action !== "update") return "up takes it over, nothing is sent";
  const { fee } = costOf("update", row.type);
  return `up sends its failed update again (about ${formatAda(fee)} ADA)`;
}

const foreignNote = ({ row }: Draft, config: StackConfig): string =>
  isOfOtherOwner(row, config)
    ? ". It carries another owner's marker: make sure that no other stack manages it"
    : "";

/** What to do with files that were written. */
export function nextSteps(stack: string, files: number): string {
  if (files === 0) return "";
  const option = stackOption(stack);
  return (
    `\nWrote ${count(files, "file")}. Next:\n` +
    `  npx masumi-agents plan${option}   # shows that nothing is minted or burned\n` +
    `  npx masumi-agents up${option}     # checks that each agent answers at its URL, then takes its registration over\n`
  );
}

/** What could be imported, for people who have not said what. */
export function candidateText(rows: readonly Row[]): string {
  if (rows.length === 0) return NOTHING_LEFT;
  const table = formatTable(
    ["name", "registration", "state", "wallet", "URL"],
    rows.map(({ id, listing, state, type, walletVkey }) => [
      printable(listing.name),
      id,
      state,
      `${type} ${shorten(walletVkey, 8, 4)}`,
      printable(listing.apiBaseUrl),
    ]),
    { columns: stdoutColumns() },
  );
  return `${table}\nImport some with: npx masumi-agents import <registration or name>…, or all of them with --all.\n`;
}

/** What is left out unless it is named. */
export const leftOutText = (rows: readonly Row[]): string =>
  rows.length === 0
    ? ""
    : `Left out because they carry other owners' markers: ${rows.map(describe).join(", ")}.\n`;
