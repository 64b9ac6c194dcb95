import {
  type Dialect,
  type ListingType,
  type MasumiClient,
  type Network,
  type PaymentSource,
  type Row,
  type RowScope,
  type SkippedEntry,
  type TokenTags,
  WalletTokens,
  isOver,
  marker,
  ownRows,
  readRows,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig, Wallet } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { type SeenInState, isInState } from "./state-file.ts";
import { contractOf } from "./wallets.ts";

/** The agents' tokens in a wallet that no registration accounts for, according to the chain. */
export interface WalletHoldings {
  readonly wallet: Wallet;
  /** Undefined if the service does not tell. */
  readonly tokens: TokenTags | undefined;
  /** Those of them that the service cannot read; undefined if it does not tell that there are any. */
  readonly unreadable?: readonly string[] | undefined;
}

/** What the payment service shows before a run changes anything. */
export interface Survey {
  readonly sources: readonly PaymentSource[];
  /** Registrations in every state, newest first: those of the stack's wallets, if necessary those of the whole network. */
  readonly rows: readonly Row[];
  /** How many rows the lists lacked, according to the service's own counts. */
  readonly missing: number;
  /**
   * Asked for if an agent has no row that is on the chain or will be, or if the state has a registration that is shown as over;
   * empty if the release cannot tell.
   */
  readonly holdings: readonly WalletHoldings[];
  /** Types of listings whose tokens the service reads, as far as it mattered. */
  readonly reads?: ReadonlySet<ListingType>;
  /** Entries that cannot be understood, or are of a type that no release is known to have. */
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
 * registrations of the network are read: it may be registered on a wallet that was removed from the configuration, as may be one
 * that the state has. If it is not among these either, the chain is asked for the tokens in the stack's wallets: the list may lack a row. So it is if a
 * registration that the state has is shown as over.
 *
 * @throws ServiceError, RefusedError
 */
export async function survey(
  client: MasumiClient,
  config: StackConfig,
  agents: readonly Agent[],
  { signal, ...state }: SurveyOptions & SeenInState = {},
): Promise<Survey> {
  const [sources, dialect] = await Promise.all([client.paymentSources({ signal }), client.apiDocs()]);
  let missing = 0;
  const onShort = (short: number) => void (missing += short);
  const { network, owner } = config;
  const complete = async (seen: Omit<Survey, "holdings">): Promise<Survey> => {
    const own = ownRows(seen.rows, owner);
    const living = new Set(own.flatMap((row) => (isOver(row.state) ? [] : [row.marker])));
    const isListed = agents.every(({ id }) => living.has(marker(owner, id)));
    const isDoubtful = own.some((row) => isOver(row.state) && isInState(state, row.id));
    const isAsked = (!isListed || isDoubtful) && dialect.hasWalletTokens;
    // The service may not tell the tokens of agents that are not standard ones.
    const types = new Set(agents.flatMap(({ listing }) => listing?.type ?? []));
    const unreadable = types.size > 0;
    const holdings = isAsked ? await readHoldings(client, config, seen, { signal, unreadable }) : [];
    const isUnread = holdings.some((one) => one.unreadable && one.unreadable.length > 0);
    const reads = isUnread
      ? await readTypes(client, network, seen.rows, { types, signal })
      : new Set<ListingType>();
    return { ...seen, holdings, reads };
  };
  const walletAddresses = config.wallets.flatMap(({ address }) => address ?? []);
  if (walletAddresses.length === config.wallets.length) {
    const read = await readAll(client, { network, walletAddresses, signal });
    const seen = new Set(ownRows(read.rows, owner).map((row) => row.marker));
    const listed = new Set(read.rows.map(({ id }) => id));
    const lacksNone = (state.known ?? []).every((one) => one.network !== network || listed.has(one.id));
    if (lacksNone && agents.every(({ id }) => seen.has(marker(owner, id)))) {
      return complete({ sources, dialect, missing, ...read });
    }
  }
  const read = await readAll(client, { network, signal, onShort });
  return complete({ sources, dialect, missing, ...read });
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

/** Returns the stack's wallets with the tokens in them that no row accounts for. */
export async function readHoldings(
  client: MasumiClient,
  config: StackConfig,
  { sources, rows }: Pick<Survey, "sources" | "rows">,
  { signal, unreadable = false }: SurveyOptions & { readonly unreadable?: boolean },
): Promise<WalletHoldings[]> {
  const wallets = new WalletTokens(client);
  const found = await Promise.all(
    config.wallets.map(async (wallet) => {
      const { network } = config;
      const { vkey, address, type } = wallet;
      const seller = { network, vkey, address, contract: contractOf(wallet, config, sources) };
      const holding = await wallets.of(seller, rows, { signal, unreadable });
      const tokens = await holding?.beyond(rows, type);
      return { wallet, tokens, unreadable: unreadable ? await holding?.unreadable(rows, type) : [] };
    }),
  );
  signal?.throwIfAborted();
  return found;
}

/** Returns which of these types the service reads the tokens of. */
async function readTypes(
  client: MasumiClient,
  network: Network,
  rows: readonly Row[],
  { types, signal }: SurveyOptions & { readonly types: ReadonlySet<ListingType> },
): Promise<Set<ListingType>> {
  const wallets = new WalletTokens(client);
  const read = new Set<ListingType>();
  for (const type of types) if (await wallets.reads(type, network, rows, { signal })) read.add(type);
  signal?.throwIfAborted();
  return read;
}
