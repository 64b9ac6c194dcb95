import {
  type MasumiClient,
  MasumiError,
  type OwnRow,
  isLeaving,
  isOver,
  marker,
  ownRows,
  ownerTag,
  readRows,
  unlistedTokens,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { readHoldings } from "./survey.ts";

/** What is still registered for this owner, although the stack no longer manages it. */
export interface Leftovers {
  readonly rows: readonly (OwnRow & { readonly agent: Agent | undefined })[];
  /** Identifiers of tokens with our marker that no row accounts for. */
  readonly tokens: readonly string[];
}

/**
 * Looks for registrations of this owner that are, or will be, on the chain: after a destroy these are doubles, or were made by
 * another stack or clone. Read-only; any permission of the API key is enough.
 *
 * @throws ServiceError, RefusedError
 */
export async function findLeftovers(
  client: MasumiClient,
  config: StackConfig,
  agents: readonly Agent[],
  signal?: AbortSignal,
): Promise<Leftovers> {
  const { network, owner } = config;
  const [sources, all] = await Promise.all([
    client.paymentSources({ signal }),
    readRows(client, { network, signal, onShort: () => undefined }),
  ]);
  const agentOf = new Map(agents.map((agent) => [marker(owner, agent.id), agent]));
  const rows = ownRows(all, owner)
    .filter(({ state }) => !isOver(state) && !isLeaving(state))
    .map((row) => ({ ...row, agent: agentOf.get(row.marker) }));
  const holdings = await readHoldings(client, config, { sources, rows: all }, { signal });
  const tokens = holdings.flatMap(({ wallet: { type }, tokens = new Map() }) => {
    const marks = new Set([...tokens.values()].flat().filter((tag) => tag.startsWith(`${ownerTag(owner)}-`)));
    return [...marks].flatMap((mark) =>
      unlistedTokens(tokens, { type, marker: mark, agentIdentifier: "" }, all),
    );
  });
  return { rows, tokens };
}

/** Returns the error for what a destroy leaves behind; undefined if there is nothing. */
export function leftoversProblem(owner: string, { rows, tokens }: Leftovers): MasumiError | undefined {
  const lines = [
    ...rows.map(
      ({ id, state, listing, agent }) =>
        `  - "${printable(listing.name)}"${agent ? ` (${agent.id})` : ""}: registration ${id}, ${state}`,
    ),
    ...tokens.map((token) => `  - token ${token}, of which the payment service lists no registration`),
  ];
  if (lines.length === 0) return undefined;
  return new MasumiError({
    code: "REGISTRATIONS_LEFT",
    what: `Of owner ${owner} these are left, which this stack did not manage:\n${lines.join("\n")}\n`,
    remedy:
      "If no other stack or clone manages them, deregister them in the payment service: each keeps 5 ADA locked. With " +
      "--leave-duplicates, destroy does not look for them.",
  });
}
