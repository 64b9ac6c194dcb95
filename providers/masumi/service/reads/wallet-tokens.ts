import { type MasumiClient, type TagsOf, type TokenTags, UNREADABLE } from "../client/client.ts";
import { MasumiError } from "../errors.ts";
import { type ListingType, type Network, type Row, type WalletType, isBurnable } from "../model.ts";
import { listingTypeOf } from "../listing-type.ts";
import { withoutVersion } from "../rules/identifier.ts";
import { RowIndex } from "../rules/row-index.ts";

/** For the tokens of a wallet the service queries the chain once for each; of more than this the balance is asked for first. */
const MOST_TOKENS = 100;
/** Of how many registrations of a type it is asked whether the service reads their tokens. */
const MOST_SAMPLES = 3;
/** Policy id and asset name, in hex. Other tokens in a wallet, such as stablecoins, have shorter names. */
const IDENTIFIER = /^[0-9a-f]{120}$/;

/** A selling wallet; V2 needs the contract address of its payment source. */
export interface SellingWallet {
  readonly network: Network;
  readonly vkey: string;
  readonly contract: string | undefined;
  /** Bech32, if the configuration has it; otherwise that of its registrations is taken. */
  readonly address?: string | undefined;
}

/** The agents' tokens in one wallet. */
export interface Holding {
  /**
   * Returns since when rows have to be read, so that `beyond` does not ask for each token that came meanwhile whose it is: when this was
   * told, in Unix milliseconds. Undefined if it asks for none beside these rows.
   */
  wantsRowsSince(rows: readonly Row[], type: WalletType): number | undefined;
  /**
   * Returns those that no row accounts for, with their tags: none of a token whose metadata the service cannot read. Undefined if the
   * service does not tell whose they are.
   */
  beyond(rows: readonly Row[], type: WalletType): Promise<TokenTags | undefined>;
  /** Returns those of them that the service cannot read; undefined if it does not tell that there are any. */
  unreadable(rows: readonly Row[], type: WalletType): Promise<readonly string[] | undefined>;
}

/** What is at an address, and when that was told. */
interface Units {
  readonly units: readonly string[];
  readonly at: number;
}

interface AskOptions {
  /** Whether what was told before in this run does not do. */
  readonly fresh?: boolean;
  /**
   * Whether tokens matter whose metadata the service cannot read, which only a balance shows. Of agents that are not standard ones it lists
   * no tokens, nor tells their tags, although it registers them (seen on the release after 0.28); so one of them may be looked for.
   */
  readonly unreadable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The tokens in the selling wallets, according to the chain; each wallet is requested once, unless a fresh look is asked for or the
 * last one failed.
 */
export class WalletTokens {
  readonly #client: MasumiClient;
  readonly #tokens = new Map<string, Promise<TokenTags | undefined>>();
  readonly #units = new Map<string, Promise<Units | undefined>>();
  readonly #tags = new Map<string, Promise<TagsOf | undefined>>();
  readonly #untold = new Set<string>();

  constructor(client: MasumiClient) {
    this.#client = client;
  }

  /**
   * Returns the tokens that are in the wallet of a registration; undefined if unknown, if there are so many that the question would
   * be a burden, or if its token is supposed to be elsewhere.
   *
   * @param rows every row of the network and payment source type
   */
  async beside(row: Row, network: Network, rows: readonly Row[]): Promise<TokenTags | undefined> {
    if (row.hasRecipient || row.agentIdentifier === "" || !isBurnable(row.state)) return undefined;
    // The service lists no tokens of others.
    if (listingTypeOf(row.listing) !== "standard") return undefined;
    const wallet = { network, vkey: row.walletVkey, contract: row.sourceAddress || undefined };
    if (isLarge(wallet, rows) || this.#untold.has(keyOf(wallet))) return undefined;
    return this.#askForTokens(wallet, {});
  }

  /**
   * Returns what is in a wallet, by the service's list of its tokens or by its balance on the chain; undefined if neither is told:
   * the chain is unreachable, or the release lacks the routes.
   */
  async of(
    wallet: SellingWallet,
    rows: readonly Row[],
    options: AskOptions = {},
  ): Promise<Holding | undefined> {
    const byTokens = () => this.#byTokens(wallet, options);
    const byBalance = () => this.#byBalance(wallet, rows, options);
    const isByBalance = options.unreadable === true || isLarge(wallet, rows);
    const [first, second] = isByBalance ? [byBalance, byTokens] : [byTokens, byBalance];
    return (await first()) ?? (await second());
  }

  async #byTokens(wallet: SellingWallet, options: AskOptions): Promise<Holding | undefined> {
    const tokens = await this.#askForTokens(wallet, options);
    return (
      tokens && {
        wantsRowsSince: () => undefined,
        beyond: async (rows, type) => without(tokens, RowIndex.of(rows).tokens, type),
        // The list leaves out what the service cannot read.
        unreadable: () => Promise.resolve(undefined),
      }
    );
  }

  async #byBalance(
    wallet: SellingWallet,
    known: readonly Row[],
    options: AskOptions,
  ): Promise<Holding | undefined> {
    const own = known.find(({ walletVkey, walletAddress }) => walletVkey === wallet.vkey && walletAddress);
    const address = wallet.address ?? own?.walletAddress;
    if (!address) return undefined;
    const { network } = wallet;
    const told = await once(this.#units, `${network} ${address}`, options, () =>
      this.#client.unitsAt(network, address, options).then(
        (units) => ({ units, at: Date.now() }),
        () => undefined,
      ),
    );
    if (!told) return undefined;
    const tokens = new Map(told.units.filter((unit) => IDENTIFIER.test(unit)).map((unit) => [unit, []]));
    const left = (rows: readonly Row[], type: WalletType) => without(tokens, RowIndex.of(rows).tokens, type);
    return {
      wantsRowsSince: (rows, type) =>
        [...left(rows, type).keys()].every((unit) => this.#tags.has(unit)) ? undefined : told.at,
      beyond: async (rows, type) => {
        const told = await this.#tagsOfAll(left(rows, type), network, options);
        return told && new Map([...told].map(([unit, tags]) => [unit, tags === UNREADABLE ? [] : tags]));
      },
      unreadable: async (rows, type) => {
        const told = await this.#tagsOfAll(left(rows, type), network, options);
        return told && [...told].flatMap(([unit, tags]) => (tags === UNREADABLE ? [unit] : []));
      },
    };
  }

  /**
   * Returns whether the service reads tokens of a type of listing: it is asked for one that a row accounts for. If it does, what it
   * cannot read is no registration of that type, but something else that somebody sent to the wallet.
   */
  async reads(
    type: ListingType,
    network: Network,
    rows: readonly Row[],
    { signal }: Pick<AskOptions, "signal"> = {},
  ): Promise<boolean> {
    const known = rows.filter(
      ({ listing, state, agentIdentifier }) =>
        listingTypeOf(listing) === type && agentIdentifier !== "" && isBurnable(state),
    );
    for (const { agentIdentifier } of known.slice(0, MOST_SAMPLES)) {
      const ask = () => this.#client.tagsOf(network, agentIdentifier, { signal }).catch(() => undefined);
      const tags = await once(this.#tags, agentIdentifier, {}, ask);
      // A token that is gone has none either.
      if (tags !== undefined && tags !== UNREADABLE && tags.length > 0) return true;
    }
    return false;
  }

  /** Asks whose tokens these are, one by one: there are none as long as the service lists what the chain has. Undefined unless it tells of each. */
  async #tagsOfAll(
    tokens: TokenTags,
    network: Network,
    { signal }: AskOptions,
  ): Promise<ReadonlyMap<string, TagsOf> | undefined> {
    if (tokens.size === 0) return new Map();
    const asked = await this.#client.watch(`whose ${tokens.size} tokens in the wallet are`, () =>
      Promise.all(
        [...tokens.keys()].map(async (unit) => {
          const ask = () => this.#client.tagsOf(network, unit, { signal }).catch(() => undefined);
          return [unit, await once(this.#tags, unit, {}, ask)] as const;
        }),
      ),
    );
    const told = asked.flatMap(([unit, tags]) => (tags === undefined ? [] : [[unit, tags] as const]));
    return told.length === asked.length ? new Map(told) : undefined;
  }

  #askForTokens(wallet: SellingWallet, options: AskOptions): Promise<TokenTags | undefined> {
    return once(this.#tokens, keyOf(wallet), options, async () => {
      try {
        return await this.#client.tokensAt(wallet, options);
      } catch (error) {
        // What it does not know, it has never registered anything with, and never will.
        if (wallet.contract && error instanceof MasumiError && error.serviceMessage === "Wallet not found") {
          return new Map();
        }
        this.#untold.add(keyOf(wallet));
        return undefined;
      }
    });
  }
}

const keyOf = ({ network, vkey, contract }: SellingWallet) => `${network} ${vkey} ${contract ?? ""}`;

const isLarge = ({ vkey }: SellingWallet, rows: readonly Row[]): boolean =>
  RowIndex.of(rows).burnable(vkey) > MOST_TOKENS;

const without = (tokens: TokenTags, accounted: ReadonlySet<string>, type: WalletType): TokenTags =>
  new Map([...tokens].filter(([identifier]) => !accounted.has(withoutVersion(identifier, { type }))));

/** Has those who ask at the same time, or later, share an answer; one that says nothing is asked for again. */
async function once<T>(
  asked: Map<string, Promise<T | undefined>>,
  key: string,
  { fresh = false }: AskOptions,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const answer = (fresh ? undefined : asked.get(key)) ?? ask();
  asked.set(key, answer);
  const told = await answer;
  if (told === undefined && asked.get(key) === answer) asked.delete(key);
  return told;
}
