import {
  type Dialect,
  type MasumiClient,
  type PaymentSource,
  type Row,
  type RowScope,
  type SkippedEntry,
  marker,
  ownRows,
  readRows,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";

/** What the payment service shows before a run changes anything. */
export interface Survey {
  readonly sources: readonly PaymentSource[];
  /** Registrations in every state, newest first: those of the stack's wallets, if necessary those of the whole network. */
  readonly rows: readonly Row[];
  /** Entries that are no standard agents' registrations, or cannot be understood. */
  readonly skipped?: readonly SkippedEntry[];
  /** What the service's release can do. */
  readonly dialect?: Dialect;
}

interface SurveyOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads what a plan is made from; any permission of the API key is enough.
 *
 * If the addresses of all wallets are known, only their registrations are requested. If an agent is not among them, all
 * registrations of the network are read: it may be registered on a wallet that was removed from the configuration.
 *
 * @throws ServiceError, RefusedError
 */
export async function survey(
  client: MasumiClient,
  config: StackConfig,
  agents: readonly Agent[],
  { signal }: SurveyOptions = {},
): Promise<Survey> {
  const [sources, dialect] = await Promise.all([client.paymentSources({ signal }), client.apiDocs()]);
  const { network, owner } = config;
  const walletAddresses = config.wallets.flatMap(({ address }) => address ?? []);
  if (walletAddresses.length === config.wallets.length) {
    const read = await readAll(client, { network, walletAddresses, signal });
    const seen = new Set(ownRows(read.rows, owner).map((row) => row.marker));
    if (agents.every(({ id }) => seen.has(marker(owner, id)))) return { sources, dialect, ...read };
  }
  return { sources, dialect, ...(await readAll(client, { network, signal })) };
}

/** Returns the registrations of a scope, and what else its lists hold. @throws ServiceError, RefusedError */
export async function readAll(
  client: MasumiClient,
  scope: Omit<RowScope, "onSkipped">,
): Promise<Required<Pick<Survey, "rows" | "skipped">>> {
  const skipped = new Map<string, SkippedEntry>();
  const rows = await readRows(client, { ...scope, onSkipped: (entry) => skipped.set(entry.id, entry) });
  return { rows, skipped: [...skipped.values()] };
}
