import type { StackConfig } from "../infra/config.ts";
import {
  type Action,
  type Examination,
  type Orphan,
  type PlannedAgent,
  type WalletFunds,
  formatAda,
  planWarnings,
  summaryOf,
} from "../infra/fleet/index.ts";
import { shorten } from "./shorten.ts";
import { formatTable } from "./table.ts";
import { printable } from "../stacks/text.ts";

/** What `plan --json` prints; the shape is documented in docs/outputs.md. Lovelace are digits. */
export interface PlanDocument {
  readonly version: 1;
  readonly stack: string;
  readonly network: string;
  readonly owner: string;
  readonly checksum: string;
  readonly summary: string;
  readonly agents: readonly PlanDocumentAgent[];
  readonly orphans: readonly {
    readonly registrationId: string;
    readonly name: string;
    readonly state: string;
    readonly action: Action;
    readonly walletVkey: string;
  }[];
  readonly wallets: readonly {
    readonly vkey: string;
    readonly type: string;
    readonly address: string | null;
    readonly neededLovelace: string;
    /** null: not known. */
    readonly freeLovelace: string | null;
    readonly missingLovelace: string;
  }[];
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
  readonly warnings: readonly string[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

interface PlanDocumentAgent {
  readonly id: string;
  readonly file: string;
  readonly action: Action;
  readonly fields: readonly string[];
  readonly pricing: PlannedAgent["agent"]["pricing"];
  readonly walletVkey: string;
  readonly walletType: string;
  /** null: known once the agent is hosted. */
  readonly url: string | null;
  /** Of the live registration, or of the one that is taken over. */
  readonly registrationId: string | null;
  readonly state: string | null;
  readonly spareRegistrationIds: readonly string[];
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
}

export function planDocument(stack: string, config: StackConfig, examination: Examination): PlanDocument {
  const { plan, funds, checksum, problems } = examination;
  return {
    version: 1,
    stack,
    network: config.network,
    owner: config.owner,
    checksum,
    summary: summaryOf(plan),
    agents: plan.agents.map(documentAgent),
    orphans: plan.orphans.map(documentOrphan),
    wallets: funds.map(documentWallet),
    feeLovelace: String(plan.cost.fee),
    lockedLovelace: String(plan.cost.locked),
    warnings: planWarnings(plan, config),
    problems: problems.map(({ code, message }) => ({ code, message })),
  };
}

const documentAgent = (planned: PlannedAgent): PlanDocumentAgent => ({
  id: planned.agent.id,
  file: planned.agent.file,
  action: planned.action,
  fields: planned.fields,
  pricing: planned.agent.pricing,
  walletVkey: planned.wallet.vkey,
  walletType: planned.wallet.type,
  url: planned.url || null,
  registrationId: planned.row?.id ?? null,
  state: planned.row?.state ?? null,
  spareRegistrationIds: planned.spare.map(({ id }) => id),
  feeLovelace: String(planned.cost.fee),
  lockedLovelace: String(planned.cost.locked),
});

const documentOrphan = ({ row, action }: Orphan) => ({
  registrationId: row.id,
  name: row.listing.name,
  state: row.state,
  action,
  walletVkey: row.walletVkey,
});

const documentWallet = ({ wallet, address, needed, free, missing }: WalletFunds) => ({
  vkey: wallet.vkey,
  type: wallet.type,
  address: address || null,
  neededLovelace: String(needed),
  freeLovelace: free === undefined ? null : String(free),
  missingLovelace: String(missing),
});

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
      headings: ["name", "row", "state", "action"],
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
    ...(action === "adopt" ? [`takes over row ${registrationId}; nothing is sent`] : []),
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
  return `${tables.join("")}${document.summary}\n${warnings.join("")}${problems.join("")}${approval(document)}\n`;
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
