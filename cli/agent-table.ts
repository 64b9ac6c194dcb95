import { formatAda } from "../infra/fleet/index.ts";
import { type AgentStatus, feeShares } from "../stacks/outputs.ts";
import type { RegistryReport } from "../stacks/registry/health.ts";
import { registryCell } from "./registry/text.ts";
import { type Cell, formatTable, stdoutColumns } from "./table.ts";
import { paintFor, shorten } from "./text.ts";

const POLICY_DIGITS = 56;

const ada = (lovelace: string) => formatAda(BigInt(lovelace));

/** Policy and asset name, each shortened: agents of one wallet share the first, versions of one agent most of the second. */
const identifier = (text: string) => `${text.slice(0, 6)}…${shorten(text.slice(POLICY_DIGITS), 6, 6)}`;

const priceOf = ({ pricing }: AgentStatus): string =>
  "prices" in pricing ? pricing.prices.map(({ human }) => human).join("\n") : pricing.type;

const unitsOf = ({ pricing }: AgentStatus): string =>
  "prices" in pricing
    ? pricing.prices
        .map(({ amount, unit }) => `${amount} ${unit === "" ? "lovelace" : shorten(unit, 6, 4)}`)
        .join("\n")
    : "";

/** Registered and answering is what counts; of anything else, what it is. */
function stateOf({ state, availability }: AgentStatus): Cell {
  if (!state.endsWith("Confirmed") || state === "DeregistrationConfirmed") {
    return { text: `${state}\n${availability}`, style: state.endsWith("Failed") ? "red" : "yellow" };
  }
  if (availability === "available") return { text: availability, style: "green" };
  return { text: availability, style: availability === "no answer" ? "red" : "yellow" };
}

/**
 * Return the table that `demo`, `up` and `status` end with: one row an agent, as the last run left it and as it answers now. It fits into
 * the terminal; `isWide` adds what is seldom wanted, `registry` what the network's registry says. Types of listings are shown where not all
 * are standard.
 */
export function agentTable(
  agents: readonly AgentStatus[],
  isWide = false,
  registry?: RegistryReport,
): string {
  const fees = feeShares(agents);
  // Without a single answer there is only a reason, which is said below the table.
  const told = registry?.agents.size ? registry.agents : undefined;
  const hasTypes = agents.some(({ listing }) => listing !== undefined);
  const rows = agents.map((agent) => [
    agent.id,
    stateOf(agent),
    ...(hasTypes ? [agent.listing?.type ?? "standard"] : []),
    ...(told ? [registryCell(told.get(agent.agentIdentifier))] : []),
    priceOf(agent),
    agent.url,
    ...(isWide
      ? [
          agent.state,
          identifier(agent.agentIdentifier),
          unitsOf(agent),
          shorten(agent.txHash, 8, 6),
          `${ada(fees.get(agent.id) ?? agent.feeLovelace)} fee\n${ada(agent.lockedLovelace)} locked`,
        ]
      : []),
  ]);
  const more = isWide ? ["registration", "identifier", "in base units", "transaction", "ADA spent"] : [];
  const some = [...(hasTypes ? ["listing"] : []), ...(told ? ["registry"] : [])];
  return formatTable(["agent", "state", ...some, "price", "URL", ...more], rows, {
    // A URL that is broken over lines cannot be copied.
    ...(isWide ? {} : { columns: stdoutColumns() }),
    paint: paintFor(process.stdout),
  });
}
