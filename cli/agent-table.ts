import axios, { isAxiosError } from "axios";
import type { AgentStatus } from "../stacks/outputs.ts";
import { shorten } from "./shorten.ts";
import { formatTable } from "./table.ts";

const POLICY_DIGITS = 56;

/** What an agent's /availability says right now. */
export async function availability(url: string): Promise<string> {
  try {
    const answer = await axios.get<{ status?: unknown }>(`${url}/availability`, {
      timeout: 5_000,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: 65_536,
    });
    return typeof answer.data.status === "string" ? answer.data.status : "answers";
  } catch (error) {
    if (isAxiosError(error)) return error.response ? `HTTP ${error.response.status}` : "no answer";
    throw error;
  }
}

const ada = (lovelace: string) => (Number(lovelace) / 1_000_000).toFixed(6).replace(/0{1,4}$/, "");

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

/** The table that `demo`, `up` and `status` end with: one row an agent, as the last run left it and as it answers now. */
export async function agentTable(agents: readonly AgentStatus[]): Promise<string> {
  const rows = await Promise.all(
    agents.map(async (agent) => [
      `${agent.id}\n${await availability(agent.url)}`,
      agent.url,
      agent.state,
      identifier(agent.agentIdentifier),
      price(agent),
      shorten(agent.txHash, 8, 6),
      `${ada(agent.feeLovelace)} fee\n${ada(agent.lockedLovelace)} locked`,
    ]),
  );
  return formatTable(["agent", "URL", "state", "identifier", "price", "transaction", "ADA spent"], rows);
}
