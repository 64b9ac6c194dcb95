import { printable } from "../../providers/common/printable.ts";
import type { RegistryHealth, RegistryReport } from "../../stacks/registry/health.ts";
import type { Cell } from "../table.ts";
import type { Style } from "../text.ts";

/* What the network's registry says of agents, for people. */

const DAY_MS = 86_400_000;
const NOT_LISTED = "not listed";

const STYLES: Readonly<Record<string, Style>> = { Online: "green", Offline: "red", Invalid: "red" };

/** How an agent's status is painted: an agent that buyers do not see is red. */
export const registryStyle = ({ status }: RegistryHealth): Style => STYLES[status ?? ""] ?? "yellow";

const statusText = ({ status }: RegistryHealth): string => printable(status ?? NOT_LISTED);

const join = (...parts: readonly (string | null)[]): string =>
  parts.filter((part) => part !== null).join(", ");

/** A cell of the table of agents; empty where nothing is known. */
export function registryCell(health: RegistryHealth | undefined): Cell {
  if (!health) return "";
  const { uptimePercent, rank } = health;
  const more = join(uptimePercent === null ? null : `${uptimePercent} %`, rank && `rank ${rank.place}`);
  return { text: `${statusText(health)}${more && `\n${more}`}`, style: registryStyle(health) };
}

const uptimeText = ({ uptimePercent, checks }: RegistryHealth): string | null =>
  uptimePercent === null ? null : `online in ${uptimePercent} % of ${checks} checks`;

const score = (share: number): string => share.toFixed(2);

/** `first seen 2026-08-01 (121 days)` */
function ageText({ firstSeenAt, supersedes }: RegistryHealth): string | null {
  if (firstSeenAt === null) return null;
  const days = Math.max(0, Math.floor((Date.now() - Date.parse(firstSeenAt)) / DAY_MS));
  const first = `first seen ${firstSeenAt.slice(0, 10)} (${days === 1 ? "1 day" : `${days} days`})`;
  return supersedes ? `${first} with this identifier, and before with another` : first;
}

/** Everything about one agent, on one line. */
export const registryLine = (health: RegistryHealth): string =>
  join(
    statusText(health),
    uptimeText(health),
    health.rank && `rank ${health.rank.place} (score ${score(health.rank.score)})`,
    ageText(health),
  );

/** The same as lines of label and text. */
export function registryPairs(health: RegistryHealth): [label: string, text: string][] {
  const { rank, checkedAt, reason } = health;
  const parts = rank && [
    ["purchases", rank.purchases] as const,
    ["uptime", rank.uptime] as const,
    ["age", rank.age] as const,
  ];
  const of = parts?.flatMap(([name, part]) => (part === null ? [] : [`${name} ${score(part)}`])).join(", ");
  const pairs: [string, string | null][] = [
    ["registry", statusText(health)],
    ["reason", reason],
    ["uptime", uptimeText(health) && join(uptimeText(health), checkedAt && `the last at ${checkedAt}`)],
    ["rank", rank && `${rank.place}, score ${score(rank.score)}${of && ` (${of})`}`],
    ["age", ageText(health)],
  ];
  return pairs.flatMap(([label, text]) => (text === null ? [] : [[label, text]]));
}

/** Why an agent is not online, as a sentence; undefined if it is, or has been deregistered. */
export function registryHint(health: RegistryHealth): string | undefined {
  const { status, reason } = health;
  if (status === null) {
    return "The registry lists a new agent, or a new identifier after an update, when it has seen it on the chain.";
  }
  if (status !== "Invalid" && status !== "Offline") return undefined;
  return reason === null ? "The registry gives no reason." : `${printable(reason)}.`;
}

/** Below a table of agents: why some are not online, and what could not be learned. */
export function registryNotes(
  report: RegistryReport | undefined,
  agents: readonly { readonly id: string; readonly agentIdentifier: string }[],
): string {
  if (!report) return "";
  const lines = agents.flatMap(({ id, agentIdentifier }) => {
    const health = report.agents.get(agentIdentifier);
    const hint = health && registryHint(health);
    return hint ? [`In the registry ${printable(id)} is ${statusText(health)}: ${hint}\n`] : [];
  });
  return `${lines.length > 0 ? `\n${lines.join("")}` : ""}${registryProblem(report)}`;
}

/** What could not be learned, on one line; empty if nothing. */
export const registryProblem = (report: RegistryReport | undefined): string =>
  report?.problem ? `What the registry says is not known, or not of all agents: ${report.problem}\n` : "";
