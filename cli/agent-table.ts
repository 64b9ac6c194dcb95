import { formatAda } from "../infra/fleet/index.ts";
import { type AgentStatus, feeShares } from "../stacks/outputs.ts";
import { formatTable, shorten } from "./text.ts";

const POLICY_DIGITS = 56;

const ada = (lovelace: string) => formatAda(BigInt(lovelace));

/** Policy and asset name, each shortened: agents of one wallet share the first, versions of one agent most of the second. */
const identifier = (text: string) => `${text.slice(0, 6)}…${shorten(text.slice(POLICY_DIGITS), 6, 6)}`;

function price({ pricing }: AgentStatus): string {
  if (!("prices" in pricing)) return pricing.type;
  return pricing.prices
    .map(
      ({ human, amount, unit }) => `${human}\n= ${amount} ${unit === "" ? "lovelace" : shorten(unit, 6, 4)}`,
    )
    .join("\n");
}

/** Return the table that `demo`, `up` and `status` end with: one row an agent, as the last run left it and as it answers now. */
export function agentTable(agents: readonly AgentStatus[]): string {
  const fees = feeShares(agents);
  const rows = agents.map((agent) => [
    `${agent.id}\n${agent.availability}`,
    agent.url,
    agent.state,
    identifier(agent.agentIdentifier),
    price(agent),
    shorten(agent.txHash, 8, 6),
    `${ada(fees.get(agent.id) ?? agent.feeLovelace)} fee\n${ada(agent.lockedLovelace)} locked`,
  ]);
  return formatTable(["agent", "URL", "state", "identifier", "price", "transaction", "ADA spent"], rows);
}
