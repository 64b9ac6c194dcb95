import { describeSkipped, formatAda, shortenedPair } from "../../infra/fleet/index.ts";
import { printable, printableLines } from "../../providers/common/printable.ts";
import type { PlanDocument, PlanDocumentAgent } from "../../stacks/documents.ts";
import { evalsSection } from "./evals.ts";
import { type Section, runsDiffSection, runsSection } from "./runs.ts";
import { formatTable, stdoutColumns } from "../table.ts";
import { shorten } from "../text.ts";
import { verbatim } from "../verbatim.ts";

/** `isWide`: with what is seldom wanted. */
const sectionsOf = (document: PlanDocument, isWide: boolean): Section[] =>
  [
    agentSection(document, isWide),
    runsSection(document, isWide),
    runsDiffSection(document),
    evalsSection(document),
    changeSection(document),
    removalSection(document),
    orphanSection(document),
    walletSection(document),
  ].filter(({ rows }) => rows.length > 0);

const agentSection = ({ agents }: PlanDocument, isWide: boolean): Section => ({
  title: "Agents",
  headings: [
    "agent",
    "action",
    "changes",
    "price",
    "fee (ADA)",
    ...(isWide ? ["locked (ADA)", "wallet", "keys"] : []),
  ],
  rows: agents.map((agent) => [
    agent.id,
    agent.action,
    changesOf(agent),
    priceOf(agent, isWide),
    formatAda(BigInt(agent.feeLovelace)),
    ...(isWide
      ? [
          formatAda(BigInt(agent.lockedLovelace)),
          `${agent.walletType} ${shorten(agent.walletVkey, 8, 4)}`,
          agent.secrets.join(", ") || "none",
        ]
      : []),
  ]),
});

const changeSection = ({ agents }: PlanDocument): Section => ({
  title: "Changes",
  headings: ["agent", "field", "registered", "declared"],
  rows: agents.flatMap(({ id, changes }) =>
    changes.map(({ field, from, to }) => [id, field, ...shortenedPair(from, to)]),
  ),
});

const removalSection = ({ removals }: PlanDocument): Section => ({
  title: "Old registrations that the state still has",
  headings: ["agent", "registration", "state", "action", "fee (ADA)"],
  rows: removals.map(({ agent, registrationId, state, feeLovelace }) => [
    agent,
    registrationId,
    state,
    "deregister",
    formatAda(BigInt(feeLovelace)),
  ]),
});

const orphanSection = ({ orphans }: PlanDocument): Section => ({
  title: "Registrations that no file declares",
  headings: ["name", "registration", "state", "action"],
  rows: orphans.map(({ name, registrationId, state, action }) => [
    printable(name),
    registrationId,
    state,
    action,
  ]),
});

const walletSection = ({ wallets }: PlanDocument): Section => ({
  title: "Wallets",
  headings: ["wallet", "needed (ADA)", "free (ADA)", "missing (ADA)", "address"],
  rows: wallets.map(({ vkey, type, neededLovelace, freeLovelace, missingLovelace, address }) => [
    `${type} ${shorten(vkey, 8, 4)}`,
    formatAda(BigInt(neededLovelace)),
    freeLovelace === null ? "unknown" : formatAda(BigInt(freeLovelace)),
    formatAda(BigInt(missingLovelace)),
    address ? shorten(address, 10, 6) : "unknown",
  ]),
});

function changesOf({ action, fields, state, url, registrationId }: PlanDocumentAgent): string {
  const parts = [
    ...(action === "adopt" ? [`takes over registration ${registrationId}; nothing is sent`] : []),
    ...(fields.length > 0 ? [fields.join(", ")] : []),
    ...(state?.endsWith("Failed") ? [state] : []),
    ...(url === null ? ["URL known after apply"] : []),
  ];
  return parts.join("; ");
}

function priceOf({ pricing }: PlanDocumentAgent, isWide: boolean): string {
  if (pricing.type !== "fixed") return pricing.type;
  return pricing.prices
    .map(({ human, amount }) => (isWide ? `${printable(human)} = ${amount}` : printable(human)))
    .join(" + ");
}

/** What a comparison says that found no difference. */
const sameRuns = (document: PlanDocument): string[] =>
  document.runsBefore && runsDiffSection(document).rows.length === 0
    ? ["Nothing runs differently than before."]
    : [];

const approval = ({ checksum, problems }: PlanDocument) =>
  problems.length > 0
    ? "up refuses to start as long as there is a problem."
    : `Checksum ${checksum}: with this in MASUMI_PLAN, up makes these changes to the registrations and runs what is named above, or refuses to start.`;

/** For a terminal, whose width it keeps to. */
export function planTable(document: PlanDocument, isWide = false): string {
  const columns = stdoutColumns();
  const tables = sectionsOf(document, isWide).map(
    ({ title, headings, rows }) => `${title}\n${formatTable(headings, rows, { columns })}\n`,
  );
  const warnings = document.warnings.map((warning) => `Warning: ${printableLines(warning)}\n`);
  const problems = document.problems.map(({ message }) => `Problem: ${printableLines(message)}\n`);
  const skipped = document.skipped > 0 ? `${describeSkipped(document.skipped)}\n` : "";
  const same = sameRuns(document).map((line) => `${line}\n`);
  return `${tables.join("")}${document.summary}\n${same.join("")}${warnings.join("")}${problems.join("")}${skipped}${approval(document)}\n`;
}

/** For a comment on a change request: all that is not ours to say is shown as it is. */
export function planMarkdown(document: PlanDocument): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const tables = sectionsOf(document, true).map(({ title, headings, rows }) => {
    const shown = rows.map((row) => line(row.map(verbatim)));
    return [`#### ${title}`, "", line(headings), line(headings.map(() => "---")), ...shown, ""].join("\n");
  });
  const notes = [
    ...sameRuns(document).map((line) => `- ${line}`),
    ...document.problems.map(({ message }) => `- **Problem:** ${verbatim(message)}`),
    ...document.warnings.map((warning) => `- **Warning:** ${verbatim(warning)}`),
    ...(document.skipped > 0 ? [`- ${describeSkipped(document.skipped)}`] : []),
  ];
  return [
    `### Masumi plan for stack \`${document.stack}\` (${document.network})`,
    "",
    document.summary,
    "",
    ...(notes.length > 0 ? [...notes, ""] : []),
    ...tables,
    approval(document),
    "",
  ].join("\n");
}
