import {
  type MasumiClient,
  type PaymentSource,
  type Row,
  marker,
  ownRows,
  readRows,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";

/** What the payment service shows before a run changes anything. */
export interface Survey {
  readonly sources: readonly PaymentSource[];
  /** Registrations in every state, newest first: of the stack's wallets at least, of the whole network if need be. */
  readonly rows: readonly Row[];
}

interface SurveyOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads what a plan is made from; any right of the API key will do.
 *
 * With the addresses of all wallets known, only their rows are asked for. If an agent is not among them, all rows of
 * the network are read: it may be registered on a wallet that has left the configuration.
 *
 * @throws ServiceError, RefusedError
 */
export async function survey(
  client: MasumiClient,
  config: StackConfig,
  agents: readonly Agent[],
  { signal }: SurveyOptions = {},
): Promise<Survey> {
  const sources = await client.paymentSources({ signal });
  const { network, owner } = config;
  const walletAddresses = config.wallets.flatMap(({ address }) => address ?? []);
  if (walletAddresses.length === config.wallets.length) {
    const rows = await readRows(client, { network, walletAddresses, signal });
    const seen = new Set(ownRows(rows, owner).map((row) => row.marker));
    if (agents.every(({ id }) => seen.has(marker(owner, id)))) return { sources, rows };
  }
  return { sources, rows: await readRows(client, { network, signal }) };
}
