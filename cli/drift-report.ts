import type { StackConfig } from "../infra/config.ts";
import { type AssetTable, assetTable, formatPrice } from "../infra/declarations/index.ts";
import { type AgentDrift, type FieldDrift, type FleetDrift, isDrift } from "../infra/fleet/index.ts";
import type { Listing, Row } from "../providers/masumi/service/index.ts";
import type { Paint } from "./paint.ts";
import { count, printable } from "../stacks/text.ts";

/** What `drift --json` prints; the shape is documented in docs/outputs.md. */
export interface DriftDocument {
  readonly version: 1;
  readonly stack: string;
  readonly network: string;
  readonly owner: string;
  readonly drifted: boolean;
  readonly agents: readonly {
    readonly id: string;
    readonly file: string;
    readonly status: AgentDrift["status"];
    readonly registration: RegistrationDocument | null;
    /** An absent value is null. */
    readonly fields: readonly {
      readonly field: string;
      readonly declared: unknown;
      readonly live: unknown;
    }[];
    readonly duplicates: readonly RegistrationDocument[];
    readonly urlCompared: boolean;
  }[];
  readonly orphans: readonly RegistrationDocument[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

interface RegistrationDocument {
  readonly registrationId: string;
  readonly name: string;
  readonly state: string;
  /** What the service says of a failed state; else null. */
  readonly error: string | null;
  readonly agentIdentifier: string | null;
  readonly walletVkey: string;
}

export function driftDocument(stack: string, config: StackConfig, drift: FleetDrift): DriftDocument {
  return {
    version: 1,
    stack,
    network: config.network,
    owner: config.owner,
    drifted: drift.hasDrifted,
    agents: drift.agents.map(({ agent, status, row, fields, duplicates, isUrlCompared }) => ({
      id: agent.id,
      file: agent.file,
      status,
      registration: row ? documentRow(row) : null,
      fields: fields.map(({ field, declared = null, live = null }) => ({ field, declared, live })),
      duplicates: duplicates.map(documentRow),
      urlCompared: isUrlCompared,
    })),
    orphans: drift.orphans.map(documentRow),
    problems: drift.problems.map(({ code, message }) => ({ code, message })),
  };
}

const documentRow = (row: Row): RegistrationDocument => ({
  registrationId: row.id,
  name: row.listing.name,
  state: row.state,
  error: row.error || null,
  agentIdentifier: row.agentIdentifier || null,
  walletVkey: row.walletVkey,
});

const HEADLINES: Readonly<Record<AgentDrift["status"], string>> = {
  same: "as declared",
  pending: "as declared, waiting for the chain",
  changed: "CHANGED",
  failed: "FAILED",
  leaving: "LEAVING: it is being deregistered",
  missing: "MISSING: it is not registered",
};

/** For people. */
export function driftText(config: StackConfig, drift: FleetDrift, paint: Paint): string {
  const table = assetTable(config.network, config.assets);
  const blocks = [
    ...drift.agents.map((agent) => agentText(agent, table, paint)),
    ...drift.orphans.map((row) => orphanText(row, paint)),
    ...drift.problems.map(({ message }) => `${paint("red", "Problem:")} ${printable(message)}\n`),
  ];
  return `${blocks.join("")}\n${verdict(drift)}\n`;
}

function verdict({ agents, orphans, problems, hasDrifted }: FleetDrift): string {
  const untold = problems.length > 0 ? ` ${count(problems.length, "agent")} could not be compared.` : "";
  if (!hasDrifted) {
    const none =
      agents.length === 0 ? "No agent was compared." : "No drift: all that was compared is as declared.";
    return `${none}${untold}`;
  }
  const parts = [
    `${agents.filter(isDrift).length} of ${count(agents.length, "agent")} not as declared`,
    ...(orphans.length > 0 ? [`${count(orphans.length, "registration")} that no file declares`] : []),
  ];
  return `Drift: ${parts.join(", ")}.${untold} See what up would do about it: npx masumi-agents plan`;
}

function agentText(drift: AgentDrift, table: AssetTable, paint: Paint): string {
  const { agent, status, row, fields, duplicates, isUrlCompared } = drift;
  const style = status === "same" || status === "pending" ? "green" : "red";
  const hint =
    isUrlCompared || !row ? [] : ["  its URL was not compared: it is known only where its crew runs"];
  const extra = duplicates.map(
    (duplicate) =>
      `  DUPLICATE: registered once more as ${describeRow(duplicate)}; deregister it in the payment service`,
  );
  const lines = [
    `${agent.id}: ${paint(style, HEADLINES[status])}${row ? ` (${describeRow(row)})` : ""}`,
    ...(row?.error ? [`  the service says: ${printable(row.error)}`] : []),
    ...fields.flatMap((field) => fieldLines(field, table)),
    ...extra,
    ...hint,
  ];
  return `${lines.join("\n")}\n`;
}

const orphanText = (row: Row, paint: Paint): string =>
  `${printable(row.listing.name)}: ${paint("yellow", "ORPHAN: no file declares it")} (${describeRow(row)})\n`;

const describeRow = ({ id, state }: Row) => `row ${id}, ${state}`;

function fieldLines({ field, declared, live }: FieldDrift, table: AssetTable): string[] {
  return [
    `  ${field}`,
    `    declared: ${valueText(field, declared, table)}`,
    `    live:     ${valueText(field, live, table)}`,
  ];
}

/** The value of an on-chain field as its author would write it. */
export function valueText(field: string, value: unknown, table: AssetTable): string {
  if (value === undefined || value === "") return "(none)";
  if (typeof value === "string") return printable(value);
  if (field === "pricing") return priceText(value as Listing["pricing"], table);
  if (field === "exampleOutputs") return examplesText(value as Listing["exampleOutputs"]);
  const texts = (value as readonly string[]).map(printable);
  return texts.length === 0 ? "(none)" : texts.toSorted().join(", ");
}

function priceText(pricing: Listing["pricing"], table: AssetTable): string {
  if (pricing.type !== "fixed") return pricing.type;
  return pricing.prices.map((price) => formatPrice(price, table)).join(" + ") || "(none)";
}

const examplesText = (examples: Listing["exampleOutputs"]): string =>
  examples.map(({ name, url, mimeType }) => printable(`${name} <${url}> (${mimeType})`)).join(", ") ||
  "(none)";
