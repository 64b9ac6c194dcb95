import { describeSkipped, formatAda } from "../infra/fleet/index.ts";
import { printable } from "../providers/common/printable.ts";
import type { PlanDocument, PlanDocumentAgent } from "../stacks/documents.ts";
import { formatTable, shorten } from "./text.ts";

interface Section {
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function sectionsOf(document: PlanDocument): Section[] {
  const sections: Section[] = [
    {
      title: "Agents",
      headings: ["agent", "action", "changes", "price", "wallet", "fee (ADA)", "locked (ADA)"],
      rows: document.agents.map((agent) => [
        agent.id,
        agent.action,
        changesOf(agent),
        priceOf(agent),
        `${agent.walletType} ${shorten(agent.walletVkey, 8, 4)}`,
        formatAda(BigInt(agent.feeLovelace)),
        formatAda(BigInt(agent.lockedLovelace)),
      ]),
    },
    {
      title: "Registrations that no file declares",
      headings: ["name", "registration", "state", "action"],
      rows: document.orphans.map(({ name, registrationId, state, action }) => [
        printable(name),
        registrationId,
        state,
        action,
      ]),
    },
    {
      title: "Wallets",
      headings: ["wallet", "needed (ADA)", "free (ADA)", "missing (ADA)", "address"],
      rows: document.wallets.map(({ vkey, type, neededLovelace, freeLovelace, missingLovelace, address }) => [
        `${type} ${shorten(vkey, 8, 4)}`,
        formatAda(BigInt(neededLovelace)),
        freeLovelace === null ? "unknown" : formatAda(BigInt(freeLovelace)),
        formatAda(BigInt(missingLovelace)),
        address ? shorten(address, 16, 6) : "unknown",
      ]),
    },
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

function changesOf({ action, fields, state, url, registrationId }: PlanDocumentAgent): string {
  const parts = [
    ...(action === "adopt" ? [`takes over registration ${registrationId}; nothing is sent`] : []),
    ...(fields.length > 0 ? [fields.join(", ")] : []),
    ...(state?.endsWith("Failed") ? [state] : []),
    ...(url === null ? ["URL known after apply"] : []),
  ];
  return parts.join("; ");
}

function priceOf({ pricing }: PlanDocumentAgent): string {
  if (pricing.type !== "fixed") return pricing.type;
  return pricing.prices.map(({ human, amount }) => `${human} = ${amount}`).join(" + ");
}

const approval = ({ checksum }: PlanDocument) =>
  `Checksum ${checksum}: with MASUMI_PLAN=${checksum} in its environment, up does this and nothing else.`;

/** For a terminal. */
export function planTable(document: PlanDocument): string {
  const tables = sectionsOf(document).map(
    ({ title, headings, rows }) => `${title}\n${formatTable(headings, rows)}\n`,
  );
  const warnings = document.warnings.map((warning) => `Warning: ${warning}\n`);
  const problems = document.problems.map(({ message }) => `Problem: ${message}\n`);
  const skipped = document.skipped > 0 ? `${describeSkipped(document.skipped)}\n` : "";
  return `${tables.join("")}${document.summary}\n${warnings.join("")}${problems.join("")}${skipped}${approval(document)}\n`;
}

/** For a comment on a change request. */
export function planMarkdown(document: PlanDocument): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", "<br>");
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const tables = sectionsOf(document).map(({ title, headings, rows }) =>
    [`#### ${title}`, "", line(headings), line(headings.map(() => "---")), ...rows.map(line), ""].join("\n"),
  );
  const notes = [
    ...document.problems.map(({ message }) => `- **Problem:** ${cell(message)}`),
    ...document.warnings.map((warning) => `- **Warning:** ${cell(warning)}`),
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
