import type { MasumiClient, TokenTags } from "../client/client.ts";
import { type Network, type Row, isBurnable } from "../model.ts";

/** The service queries the chain once for each token of a wallet; more than this would be a burden. */
const MOST_TOKENS = 100;

/** A selling wallet; V2 needs the contract address of its payment source. */
export interface SellingWallet {
  readonly network: Network;
  readonly vkey: string;
  readonly contract: string | undefined;
}

/** The tokens in the selling wallets, according to the chain; each wallet is requested once, unless a fresh look is asked for. */
export class WalletTokens {
  readonly #client: MasumiClient;
  readonly #wallets = new Map<string, Promise<TokenTags | undefined>>();

  constructor(client: MasumiClient) {
    this.#client = client;
  }

  /**
   * Returns the agents whose tokens are in the wallet of a registration; undefined if unknown, or if its token is supposed to be
   * elsewhere.
   *
   * @param rows every row of the network and payment source type
   */
  async beside(row: Row, network: Network, rows: Iterable<Row>): Promise<TokenTags | undefined> {
    if (row.hasRecipient || row.agentIdentifier === "" || !isBurnable(row.state)) return undefined;
    return this.of({ network, vkey: row.walletVkey, contract: row.sourceAddress || undefined }, rows);
  }

  /**
   * Returns the agents whose tokens are in a wallet; undefined if unknown: the wallet has another payment source or too many
   * tokens, the chain is unreachable, or the release lacks the route.
   */
  async of(
    wallet: SellingWallet,
    rows: Iterable<Row>,
    { fresh = false, signal }: { readonly fresh?: boolean; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TokenTags | undefined> {
    const listed = [...rows].filter(
      ({ walletVkey, state }) => walletVkey === wallet.vkey && isBurnable(state),
    );
    if (listed.length > MOST_TOKENS) return undefined;
    const key = `${wallet.network} ${wallet.vkey} ${wallet.contract ?? ""}`;
    const known = fresh ? undefined : this.#wallets.get(key);
    const asked = known ?? this.#client.tokensAt(wallet, { signal }).catch(() => undefined);
    this.#wallets.set(key, asked);
    return asked;
  }
}
