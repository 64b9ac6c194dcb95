import type { MasumiClient } from "../client/client.ts";
import { type Network, type Row, isBurnable } from "../model.ts";

/** The service queries the chain once for each token of a wallet; more than this would be a burden. */
const MOST_TOKENS = 100;

/** The tokens in the selling wallets, according to the chain; each wallet is requested once. */
export class WalletTokens {
  readonly #client: MasumiClient;
  readonly #wallets = new Map<string, Promise<ReadonlySet<string> | undefined>>();

  constructor(client: MasumiClient) {
    this.#client = client;
  }

  /**
   * Returns the identifiers of the agents whose tokens are in the wallet of a registration; undefined if unknown, or if its
   * token is supposed to be elsewhere.
   *
   * @param rows every row of the network and payment source type
   */
  async beside(row: Row, network: Network, rows: Iterable<Row>): Promise<ReadonlySet<string> | undefined> {
    if (row.hasRecipient || row.agentIdentifier === "" || !isBurnable(row.state)) return undefined;
    const neighbours = [...rows].filter(
      ({ walletVkey, state }) => walletVkey === row.walletVkey && isBurnable(state),
    );
    if (neighbours.length > MOST_TOKENS) return undefined;
    const key = `${network} ${row.walletVkey} ${row.sourceAddress}`;
    const known = this.#wallets.get(key) ?? this.#ask(row, network);
    this.#wallets.set(key, known);
    return known;
  }

  async #ask(row: Row, network: Network): Promise<ReadonlySet<string> | undefined> {
    const contract = row.sourceAddress || undefined;
    // Unknown if the wallet has another payment source, the chain is unreachable, or the release lacks the route.
    return this.#client.tokensAt({ network, vkey: row.walletVkey, contract }).catch(() => undefined);
  }
}
