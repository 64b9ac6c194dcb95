import type { MasumiClient } from "../client/client.ts";
import { type Network, type Row, isBurnable } from "../model.ts";

/** The service asks the chain once for each token of a wallet; beyond this many a look would burden it. */
const MOST_TOKENS = 100;

/** Which tokens lie at the selling wallets, as the chain shows it to the service; each wallet is asked for once. */
export class WalletTokens {
  readonly #client: MasumiClient;
  readonly #wallets = new Map<string, Promise<ReadonlySet<string> | undefined>>();

  constructor(client: MasumiClient) {
    this.#client = client;
  }

  /**
   * Identifiers of the agents whose tokens lie at the wallet of a row. Undefined if that cannot be told, or if the
   * row's token is meant to lie elsewhere.
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
    // A wallet of another payment source, a chain out of reach, a release without the route: then it is not known.
    return this.#client.tokensAt({ network, vkey: row.walletVkey, contract }).catch(() => undefined);
  }
}
