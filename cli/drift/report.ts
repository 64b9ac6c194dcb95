import type { StackConfig } from "../../infra/config.ts";
import { type AssetTable, assetTable } from "../../infra/declarations/index.ts";
import {
  type AgentDrift,
  type FieldDrift,
  FOREIGN_REMEDY,
  type FleetDrift,
  describeSkipped,
  isDrift,
  valueText,
} from "../../infra/fleet/index.ts";
import type { Row } from "../../providers/masumi/service/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { type CrewHere, deadCrewNotice } from "../../stacks/crews.ts";
import { stackOption } from "../../stacks/project.ts";
import type { RegistryHealth, RegistryReport } from "../../stacks/registry/health.ts";
import { registryHint, registryLine, registryProblem, registryStyle } from "../registry/text.ts";
import { type Paint, count } from "../text.ts";

const HEADLINES: Readonly<Record<AgentDrift["status"], string>> = {
  same: "as declared",
  pending: "as declared, waiting for the chain",
  changed: "CHANGED",
  failed: "FAILED",
  leaving: "LEAVING: it is being deregistered",
  missing: "MISSING: it is not registered",
};

const NOT_IN_STATE =
  "  NOT IN THE STATE: up takes it over if it is as declared, and refuses to start otherwise";

/** What `drift` found. */
export interface DriftFound {
  readonly drift: FleetDrift;
  readonly dead: readonly CrewHere[];
  readonly registry: RegistryReport | undefined;
}

/** For people. */
export function driftText(config: StackConfig, { drift, dead, registry }: DriftFound, paint: Paint): string {
  const table = assetTable(config.network, config.assets);
  const blocks = [
    ...drift.agents.map((agent) =>
      agentText(agent, { table, paint, knowsState: drift.knowsState, registry }),
    ),
    ...drift.orphans.map((row) => orphanText(row, paint)),
    ...drift.foreign.map((row) => foreignText(row, paint)),
    ...(drift.foreign.length > 0 ? [`  ${FOREIGN_REMEDY}\n`] : []),
    ...dead.map((crew) => `${paint("red", "NOT RUNNING:")} ${deadCrewNotice(crew, config.stack)}\n`),
    ...drift.problems.map(({ message }) => `${paint("red", "Problem:")} ${printable(message)}\n`),
    ...(drift.skipped > 0 ? [`${describeSkipped(drift.skipped)}\n`] : []),
    registryProblem(registry),
  ];
  return `${blocks.join("")}\n${verdict(config.stack, drift, dead.length)}\n`;
}

function verdict(
  stack: string,
  { agents, orphans, foreign, problems, hasDrifted }: FleetDrift,
  dead: number,
): string {
  const untold = problems.length > 0 ? ` ${count(problems.length, "agent")} could not be compared.` : "";
  if (!hasDrifted && dead === 0) {
    const none =
      agents.length === 0 ? "No agent was compared." : "No drift: all that was compared is as declared.";
    return `${none}${untold}`;
  }
  const parts = [
    ...(hasDrifted
      ? [`${agents.filter(isDrift).length} of ${count(agents.length, "agent")} not as declared`]
      : []),
    ...(orphans.length > 0 ? [`${count(orphans.length, "registration")} that no file declares`] : []),
    ...(foreign.length > 0
      ? [`${count(foreign.length, "registration")} on the wallets that are not this stack's`]
      : []),
    ...(dead > 0 ? [`${count(dead, "crew")} not running`] : []),
  ];
  return `Drift: ${parts.join(", ")}.${untold} See what up would do about it: npx masumi-agents plan${stackOption(stack)}`;
}

interface Telling {
  readonly table: AssetTable;
  readonly paint: Paint;
  /** Whether it is known which registrations the stack's state has. */
  readonly knowsState: boolean;
  readonly registry: RegistryReport | undefined;
}

function agentText(drift: AgentDrift, { table, paint, knowsState, registry }: Telling): string {
  const { agent, status, row, blame, fields, isUrlCompared } = drift;
  const style = status === "same" || status === "pending" ? "green" : "red";
  const hint =
    isUrlCompared || !row ? [] : ["  its URL was not compared: it is known only where its crew runs"];
  const lines = [
    `${agent.id}: ${paint(style, HEADLINES[status])}${row ? ` (${describeRow(row)})` : ""}`,
    ...(row?.error ? [`  the service says: ${printable(row.error)}`] : []),
    ...(blame ? [`  ${blame}`] : []),
    ...fields.flatMap((field) => fieldLines(field, table)),
    ...(drift.isInState === false ? [NOT_IN_STATE] : []),
    ...othersOf(drift, knowsState),
    ...registryLines(registry?.agents.get(row?.agentIdentifier ?? ""), paint),
    ...hint,
  ];
  return `${lines.join("\n")}\n`;
}

function registryLines(health: RegistryHealth | undefined, paint: Paint): string[] {
  if (!health) return [];
  const hint = registryHint(health);
  return [
    `  registry: ${paint(registryStyle(health), registryLine(health))}`,
    ...(hint ? [`    ${hint}`] : []),
  ];
}

/** The agent's other registrations, and who removes them. */
function othersOf({ agent, duplicates, removals }: AgentDrift, knowsState: boolean): string[] {
  const remedy = knowsState
    ? "deregister it in the payment service"
    : "if the stack's state still has it, up deregisters it; if not, deregister it in the payment service";
  return [
    ...removals.map(
      ({ id, state }) => `  REPLACED: up deregisters the old registration ${id} of ${agent.id} (${state})`,
    ),
    ...duplicates.map(({ id, state }) => `  DUPLICATE: also registered as ${id} (${state}); ${remedy}`),
  ];
}

const orphanText = (row: Row, paint: Paint): string =>
  `${printable(row.listing.name)}: ${paint("yellow", "NOT DECLARED: registered under this owner, but in no file")} (${describeRow(row)})\n`;

const foreignText = (row: Row, paint: Paint): string =>
  `${printable(row.listing.name)}: ${paint("red", "NOT OURS: on a selling wallet of this stack, and made by somebody else")} ` +
  `(${describeRow(row)}, wallet ${row.walletVkey})\n`;

const describeRow = ({ id, state }: Row) => `registration ${id}, ${state}`;

function fieldLines({ field, declared, live }: FieldDrift, table: AssetTable): string[] {
  return [
    `  ${field}`,
    `    declared: ${valueText(field, declared, table)}`,
    `    live:     ${valueText(field, live, table)}`,
  ];
}
