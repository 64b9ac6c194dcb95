import { ConfigurationError } from "../../infra/config.ts";
import { FOREIGN_REMEDY, formatAda } from "../../infra/fleet/index.ts";
import type { Row } from "../../providers/masumi/service/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { type AgentWithCrew, crewAt, crewsHere, deadCrewNotice, withCrews } from "../../stacks/crews.ts";
import { statusDocument } from "../../stacks/documents.ts";
import { SANDBOX_OFF, sandboxIsOff } from "../../stacks/local/sandbox-off.ts";
import { type AgentOutput, feeShares, readAgentOutputs, withAvailability } from "../../stacks/outputs.ts";
import { type Project, stackOption } from "../../stacks/project.ts";
import { findForeign, wrongInFile } from "../../stacks/read-stack.ts";
import type { RegistryReport } from "../../stacks/registry/health.ts";
import { askRegistryOfStack } from "../../stacks/registry/of-stack.ts";
import { type UnsettledRequest, readUnsettledRequests } from "../../stacks/unsettled.ts";
import { agentNotUp } from "../../stacks/unknown-agent.ts";
import { agentTable } from "../agent-table.ts";
import { registryNotes, registryPairs, registryProblem } from "../registry/text.ts";
import { print, printJson } from "../text.ts";

export interface StatusFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly wide?: boolean;
}

/**
 * `status`: the agents of a stack, or one in full, with what they answer right now. Exit code 1 when one does not answer, or the stack's
 * settings are wrong.
 */
export async function status(project: Project, flags: StatusFlags, wanted?: string): Promise<number> {
  const known = await readAgentOutputs(project, flags.stack, { env: process.env });
  const unsettled = await readUnsettledRequests(project, flags.stack);
  const chosen = known.filter(({ id }) => wanted === undefined || id === wanted);
  if (wanted !== undefined && chosen.length === 0) throw agentNotUp(project, flags.stack, wanted, known);
  const [foreign, registry] = await Promise.all([
    lookForForeign(project, flags.stack),
    askRegistryOfStack(project, flags.stack, chosen.map(listed), { env: process.env }),
  ]);
  const agents = withCrews(project, await withAvailability(chosen));
  // Those that are not shown share a fee as well.
  const fees = feeShares(known);
  const isWrong = isNotLooked(foreign) && foreign.isWrong;
  if (flags.json) {
    const rows = isNotLooked(foreign) ? undefined : foreign;
    printJson(statusDocument(agents, unsettled, rows, fees, registry));
    if (isWrong) print(foreignText(foreign), process.stderr);
  } else {
    const more = unsettledText(flags.stack, unsettled) + foreignText(foreign);
    const text = statusText(project, agents, { ...flags, wanted, fees, registry });
    if (flags.wide) process.stdout.write(text);
    else print(text);
    print(more);
  }
  return isWrong || agents.some(({ availability }) => availability === "no answer") ? 1 : 0;
}

const listed = ({ agentIdentifier, url, listing }: AgentOutput) => ({
  agentIdentifier,
  probed: { ...listing, apiBaseUrl: url },
});

const STATUS_WAITS_MS = 15_000;

/** Why nobody looked for what others registered. */
interface NotLooked {
  readonly reason: string;
  /** Whether the stack's settings are wrong, which the owner has to correct. */
  readonly isWrong: boolean;
}

/** What others registered on the stack's wallets; why not, if the payment service cannot be asked, which is no reason to fail. */
async function lookForForeign(project: Project, stack: string): Promise<readonly Row[] | NotLooked> {
  const signal = AbortSignal.timeout(STATUS_WAITS_MS);
  try {
    if (await sandboxIsOff(project, stack, signal))
      return { reason: `${SANDBOX_OFF} (start it with npx masumi-agents sandbox)`, isWrong: false };
    return await findForeign(project, stack, { env: process.env, signal });
  } catch (error) {
    const wrong = error instanceof ConfigurationError ? wrongInFile(project, stack) : [];
    if (wrong.length > 0) {
      return { reason: `settings of stack ${stack} are wrong: ${wrong.join("; ")}`, isWrong: true };
    }
    return { reason: "the payment service, or MASUMI_API_KEY, is missing", isWrong: false };
  }
}

const isNotLooked = (foreign: readonly Row[] | NotLooked): foreign is NotLooked => "reason" in foreign;

function foreignText(rows: readonly Row[] | NotLooked): string {
  if (isNotLooked(rows)) return `Registrations that are not ours were not looked for: ${rows.reason}.\n`;
  if (rows.length === 0) return "";
  const lines = rows.map(
    ({ id, state, walletVkey, listing }) =>
      `NOT OURS: "${printable(listing.name)}" (registration ${id}, ${state}) is on this stack's wallet ${walletVkey}.\n`,
  );
  return `\n${lines.join("")}${FOREIGN_REMEDY}\n`;
}

const unsettledText = (stack: string, unsettled: readonly UnsettledRequest[]): string =>
  unsettled
    .map(
      ({ agentId, startedAt }) =>
        `The registration of ${printable(agentId)} was requested at ${startedAt}, and what became of it is unknown ` +
        `(REGISTRATION_UNSETTLED). See npx masumi-agents plan${stackOption(stack)}.\n`,
    )
    .join("");

interface Shown extends StatusFlags {
  /** The one agent that is shown in full. */
  readonly wanted: string | undefined;
  /** Each agent's part of the fees. */
  readonly fees: ReadonlyMap<string, string>;
  readonly registry: RegistryReport | undefined;
}

function statusText(
  project: Project,
  agents: readonly AgentWithCrew[],
  { stack, wide, wanted, fees, registry }: Shown,
): string {
  const [first] = agents;
  if (!first) return `No agents are up. Start with: npx masumi-agents up${stackOption(stack)}\n`;
  const dead = crewsHere(project).filter(
    (crew) => !crew.isAlive && agents.some(({ url }) => crewAt([crew], url) !== undefined),
  );
  const notices = dead.map((crew) => `\n${deadCrewNotice(crew, stack)}\n`);
  const text =
    wanted === undefined
      ? agentTable(agents, wide, registry) + registryNotes(registry, agents)
      : agentText(first, registry, fees.get(first.id)) + registryProblem(registry);
  return `${text}${notices.join("")}`;
}

const feeText = (whole: string, share: string): string =>
  `${formatAda(BigInt(share))} ADA${share === whole ? "" : `, its part of ${formatAda(BigInt(whole))} ADA for the whole transaction`}`;

const listingPairs = ({
  type,
  documentUrl,
  protocolVersions = [],
}: NonNullable<AgentOutput["listing"]>): [label: string, text: string][] => [
  ["listing", [type, ...protocolVersions].join(" ")],
  ["document", documentUrl],
];

/** Return everything about one agent, a line each. */
function agentText(
  agent: AgentWithCrew,
  registry: RegistryReport | undefined,
  share = agent.feeLovelace,
): string {
  const { crew, pricing } = agent;
  const health = registry?.agents.get(agent.agentIdentifier);
  const prices =
    "prices" in pricing
      ? pricing.prices.map(({ human, amount, unit }) => `${human} = ${amount} ${unit || "lovelace"}`)
      : [pricing.type];
  const lines: [string, string][] = [
    ["name", agent.name],
    ["URL", agent.url],
    ...(agent.listing ? listingPairs(agent.listing) : []),
    ["availability", agent.availability],
    ...(crew ? [["crew", crew.isAlive ? `process ${crew.pid}` : "not running"] as [string, string]] : []),
    ...(crew ? [["log", crew.log] as [string, string]] : []),
    ["network", agent.network],
    ["state", agent.state],
    ["identifier", agent.agentIdentifier],
    ["registration", agent.registrationId],
    ["transaction", agent.txHash],
    ["wallet", agent.walletVkey],
    ...prices.map((price): [string, string] => ["price", price]),
    ["fee", feeText(agent.feeLovelace, share)],
    ["locked", `${formatAda(BigInt(agent.lockedLovelace))} ADA`],
    ...(health ? registryPairs(health) : []),
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return `${agent.id}\n${lines.map(([label, value]) => `  ${label.padEnd(width)}  ${printable(value)}\n`).join("")}`;
}
