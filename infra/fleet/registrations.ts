import {
  type KeptBy,
  type Listing,
  type ListingType,
  MasumiError,
  type OwnRow,
  type Row,
  type X402Source,
  chooseKept,
  contentOf,
  doubtful,
  doubtfulTokens,
  isForgotten,
  isLeaving,
  isOver,
  isUpdatedInPlace,
  marker,
  ownRows,
  shortList,
  unlisted,
  unlistedTokens,
  unsettled,
  untold,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig, Wallet } from "../config.ts";
import type { Agent, AgentListing, AgentPaymentSource } from "../declarations/index.ts";
import type { RegisteredUrls, UrlOf } from "./expected-url.ts";
import { type SeenInState, isInState } from "./state-file.ts";
import type { Survey, WalletHoldings } from "./survey.ts";
import { usableWallets } from "./wallets.ts";

/** What a plan, and a comparison, are made from. */
export interface FleetInput extends SeenInState {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly survey: Survey;
  /** Returns an agent's URL if it is known before the agent is hosted. */
  readonly urlOf: UrlOf;
  /** Requests of unknown outcome, by agent: when they were sent (Unix milliseconds). */
  readonly unsettled?: ReadonlyMap<string, number> | undefined;
  /** MASUMI_FORGET_REGISTRATION: of which agents what the service does not show counts as gone. */
  readonly forget?: string | undefined;
}

/** The registrations with one marker. */
export interface Registrations {
  /** In every state, newest first. */
  readonly rows: readonly OwnRow[];
  /** The one that counts, see `chooseKept`. */
  readonly row: OwnRow | undefined;
  /** The others that are neither over nor leaving, and that no run removes as far as is known. */
  readonly spare: readonly OwnRow[];
  /** Those that the state has beside the one that counts: the next run deregisters them. */
  readonly removed: readonly OwnRow[];
}

const groups = new WeakMap<readonly OwnRow[], ReadonlyMap<string, readonly OwnRow[]>>();

/** Returns the rows with a marker, in their order. They are grouped once, since each of a thousand agents asks for its own. */
export function withMarker(own: readonly OwnRow[], mark: string): readonly OwnRow[] {
  const known = groups.get(own) ?? grouped(own);
  groups.set(own, known);
  return known.get(mark) ?? [];
}

function grouped(own: readonly OwnRow[]): ReadonlyMap<string, readonly OwnRow[]> {
  const byMarker = new Map<string, OwnRow[]>();
  for (const row of own) {
    const group = byMarker.get(row.marker);
    if (group) group.push(row);
    else byMarker.set(row.marker, [row]);
  }
  return byMarker;
}

export function registrationsOf(
  state: SeenInState,
  mark: string,
  own: readonly OwnRow[],
  by: KeptBy,
): Registrations {
  const rows = withMarker(own, mark);
  const { row, spare } = chooseKept(rows, by);
  const isGivenUp = ({ id }: Row) => isInState(state, id);
  return {
    rows,
    row,
    spare: spare.filter((other) => !isGivenUp(other)),
    removed: spare.filter(isGivenUp),
  };
}

/**
 * Returns whether the state is known and has none of an agent's registrations that are still valid, though it may have one that is
 * over. A run then takes over what is registered if it is as declared, and refuses to start otherwise.
 */
export const isOutsideState = ({ inState }: SeenInState, rows: readonly Row[]): boolean =>
  inState !== undefined &&
  !rows.some(({ id, state }) => inState.has(id) && !isOver(state) && !isLeaving(state));

/**
 * Throws if an agent is registered on two wallets that may both keep it. Only the state knows which registration it has, and a run
 * does not see the state when it chooses the wallet: it could move the agent to the other one, and burn the one that the state has.
 *
 * @throws MasumiError DOUBLE_ON_OTHER_WALLET
 */
export function assertOneWallet({ id, file }: Agent, { row, spare }: Registrations, by: KeptBy): void {
  const mayBeKept = (other: Row) => by.shows(other) || (by.canShow?.(other) ?? true);
  const rival = spare.find((other) => other.walletVkey !== row?.walletVkey && mayBeKept(other));
  if (!row || !rival) return;
  const [one, two] = [row, rival].map((live) => `${live.id} on wallet ${live.walletVkey}`);
  throw new MasumiError({
    code: "DOUBLE_ON_OTHER_WALLET",
    what: `${file}: ${id} is registered twice, on two wallets: registration ${one}, and ${two}.`,
    remedy:
      "Deregister one of them in the payment service (not the one in the stack's state: its buyers would lose it), or name the " +
      "wallet to keep with wallet: in the agent's file.",
  });
}

/** Returns where agents are registered to be reached: what their URLs are made of must not move while they live. */
export function registeredUrls(input: FleetInput): RegisteredUrls {
  const { config, agents, survey } = input;
  const own = ownRows(survey.rows, config.owner);
  return new Map(
    agents.flatMap((agent) => {
      const { row = survey.rows.find(({ id }) => id === agent.adopt) } = registrationsOf(
        input,
        marker(config.owner, agent.id),
        own,
        keptBy(input, agent),
      );
      return row ? [[agent.id, row.listing.apiBaseUrl] as const] : [];
    }),
  );
}

/**
 * Returns how to tell an agent's registrations apart: by the state, and by what is declared. Its URL counts once it is known where
 * agents are registered.
 */
export function keptBy(
  { config, urlOf, inState }: FleetInput,
  agent: Agent,
  registered?: RegisteredUrls,
): KeptBy {
  const declared = listingOf(agent);
  const url = registered === undefined ? undefined : urlOf(agent, registered);
  const vkeys = new Set(usableWallets(config, agent).map(({ vkey }) => vkey));
  return {
    inState,
    canShow: ({ type, walletVkey, listing }) =>
      isUpdatedInPlace(type, listing.type, declared.type) && vkeys.has(walletVkey),
    shows: (row) => {
      const listing = { ...declared, apiBaseUrl: url ?? row.listing.apiBaseUrl };
      const { sourceAddress } = row;
      return (
        vkeys.has(row.walletVkey) && contentOf({ wallet: row, listing, sourceAddress }) === rowContent(row)
      );
    },
  };
}

/**
 * Returns when an earlier run requested an agent that no row shows, if one did so lately: its registration may still appear.
 *
 * @throws MasumiError REGISTRY_INCONSISTENT if the list cannot be believed, REGISTRATION_UNSETTLED if the request is older
 */
export function assertUnregistered(
  input: FleetInput,
  { id, listing }: Agent,
  wallet: Wallet,
): number | undefined {
  const { config, survey, unsettled: requests, forget } = input;
  if (isForgotten(forget, id)) return undefined;
  if (survey.missing > 0) throw shortList(survey.missing, id);
  const found = survey.holdings.flatMap(({ wallet: { type }, tokens = new Map() }) =>
    unlistedTokens(tokens, { type, marker: marker(config.owner, id), agentIdentifier: "" }, survey.rows),
  );
  if (found.length > 0) throw unlisted(found, id);
  const own = survey.holdings.find((one) => one.wallet.vkey === wallet.vkey);
  if (own && !own.tokens) throw untold(wallet.vkey, id);
  if (own && listing) assertNoneDoubtful(input, own, { id, type: listing.type });
  const requestedAt = requests?.get(id);
  if (requestedAt !== undefined && Date.now() - requestedAt >= config.settleSeconds * 1000) {
    throw unsettled(id, requestedAt);
  }
  return requestedAt;
}

/** What the service cannot read may be a registration of an agent that is not a standard one. */
function assertNoneDoubtful(
  { config, survey }: FleetInput,
  { wallet, unreadable }: WalletHoldings,
  { id, type }: { readonly id: string; readonly type: ListingType },
): void {
  if (!unreadable) throw untold(wallet.vkey, id);
  if (survey.reads?.has(type)) return;
  const found = doubtfulTokens(unreadable, config.otherRegistrations ?? [], wallet);
  if (found.length > 0) throw doubtful(found, wallet.vkey, id);
}

/** Returns the part of a registration that a plan depends on, without its transactions, which progress independently. */
export const rowContent = (row: Row): string =>
  contentOf({ wallet: row, listing: row.listing, sourceAddress: row.sourceAddress });

/** Returns what goes on the chain about an agent, except its URL. */
export function listingOf(agent: Agent): Omit<Listing, "apiBaseUrl"> {
  const { name, description, capability, tags, author, legal, exampleOutputs, listing, sources } = agent;
  return {
    name,
    description,
    ...(listing ? typeOf(listing) : {}),
    capability,
    tags,
    author,
    legal,
    pricing: onChainPricing(agent),
    exampleOutputs,
    ...(sources ? { sources: sources.map(onChainSource) } : {}),
  };
}

/** Returns a way to pay without what is not on the chain: its name, and its readable price. */
function onChainSource({ network, payTo, extra, pricing }: AgentPaymentSource): X402Source {
  const where = { network, scheme: "Exact", payTo: payTo.toLowerCase(), ...(extra ? { extra } : {}) };
  if (pricing.type !== "fixed") return { ...where, pricing };
  const { type, asset, amount, decimals } = pricing;
  return { ...where, pricing: { type, asset: asset.toLowerCase(), amount, decimals } };
}

const typeOf = ({
  type,
  document: documentUrl,
  protocolVersions,
}: AgentListing): Pick<Listing, "type" | "documentUrl" | "protocolVersions"> => ({
  type,
  ...(documentUrl === undefined ? {} : { documentUrl }),
  ...(protocolVersions === undefined ? {} : { protocolVersions }),
});

/** Returns the price without its readable form, which is not on the chain. */
function onChainPricing({ pricing }: Agent): Listing["pricing"] {
  if (pricing.type !== "fixed") return pricing;
  return { type: pricing.type, prices: pricing.prices.map(({ amount, unit }) => ({ amount, unit })) };
}
