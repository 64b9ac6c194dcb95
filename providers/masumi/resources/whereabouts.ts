import { setTimeout as delay } from "node:timers/promises";
import {
  type Listing,
  type ListingType,
  type Network,
  type Row,
  type WalletType,
  isOver,
} from "../service/model.ts";
import { listingTypeOf } from "../service/listing-type.ts";
import { RowIndex } from "../service/rules/row-index.ts";
import type { Holding, SellingWallet } from "../service/reads/wallet-tokens.ts";
import {
  type Sought,
  backwards,
  doubtful,
  doubtfulTokens,
  inconsistent,
  isBackwards,
  shortList,
  stillOnChain,
  unlisted,
  unlistedTokens,
  untold,
} from "../service/rules/unlisted.ts";
import type { Session } from "./session.ts";

/** How long one missing registration waits for others to be found missing in the same refresh. */
const TOGETHER_MS = 1_500;
/** Rows that the run has read within this time are recent enough to account for tokens. */
const ROWS_AGE_MS = 60_000;

/** A registration as the state knows it. */
export interface KnownRegistration {
  readonly id: string;
  /** The agent's id, for people. */
  readonly agentId: string;
  readonly network: Network;
  readonly wallet: { readonly vkey: string; readonly type: WalletType };
  /** "" if the registration does not have it. */
  readonly marker: string;
  /** "" if the state does not know it yet. */
  readonly agentIdentifier: string;
  readonly state: string;
}

/**
 * Returns if a registration is really gone that the service does not list (`row` undefined), or shows as over. One answer of one
 * list is not enough: the token must not be on the chain, no other registration may be missing, and the state that is shown must
 * be one that the registration can have reached.
 *
 * @throws RegistrationError REGISTRY_INCONSISTENT; ServiceError, RefusedError
 */
export async function assertGone(
  session: Session,
  known: KnownRegistration,
  row: Pick<Row, "state"> | undefined,
): Promise<void> {
  const { id, agentId, state } = known;
  if (await session.forgets(agentId, id)) return;
  if (row && isBackwards(state, row.state)) throw backwards(known, row.state);
  if (row?.state === "DeregistrationConfirmed" && session.run.deregistering.has(id)) return;
  const isOnChain = await lookOnChain(session, known);
  if (isOnChain) throw stillOnChain(known, row?.state);
  if (row) return;
  const shown = `The payment service does not list registration ${id}`;
  if (isOnChain === undefined) {
    throw inconsistent(`${shown}, and whether its token is on the chain cannot be told.`, agentId);
  }
  // One that waits for its wallet has no token yet, so nothing on the chain can tell that it is gone.
  if (known.agentIdentifier === "" && !isOver(state)) {
    throw inconsistent(
      `${shown}, which may still be on its way to the chain: the state knows no token of it.`,
      agentId,
    );
  }
  await assertAlone(session, known);
}

/** Several that vanish at once have not been removed one by one: the service shows another database, or not all of it. */
async function assertAlone(session: Session, { id, agentId }: KnownRegistration): Promise<void> {
  const { run } = session;
  run.vanish(id);
  if (run.vanished.size === 1) await delay(TOGETHER_MS);
  if (run.vanished.size === 1) return;
  throw inconsistent(
    `The payment service no longer lists registration ${id}, nor ${run.vanished.size - 1} other(s) of this stack.`,
    agentId,
  );
}

/** Returns whether the token of a registration is on the chain although no row accounts for it; undefined if that is unknown. */
async function lookOnChain(session: Session, known: KnownRegistration): Promise<boolean | undefined> {
  const { network, wallet, agentIdentifier, marker } = known;
  const rows = accountable(session, await session.allRows(network, ROWS_AGE_MS));
  const named = await isNamedOnChain(session, known, rows);
  if (named) return true;
  const neighbour = rows.find(({ walletVkey, sourceAddress }) => walletVkey === wallet.vkey && sourceAddress);
  const contract = neighbour?.sourceAddress ?? (await session.contractOf(network, wallet.type));
  const sought = { type: wallet.type, marker, agentIdentifier };
  const found = await findUnlisted(session, { network, vkey: wallet.vkey, contract }, sought, rows);
  // Without its wallet, a V2 token that was updated elsewhere could go by another identifier.
  if (!found) return wallet.type === "V1" ? named : undefined;
  return found.own.length > 0;
}

async function isNamedOnChain(
  session: Session,
  { network, agentIdentifier }: KnownRegistration,
  rows: readonly Row[],
): Promise<boolean | undefined> {
  const isListed = rows.some((row) => row.agentIdentifier === agentIdentifier && !isOver(row.state));
  if (agentIdentifier === "" || isListed) return undefined;
  return (await session.client()).isOnChain(network, agentIdentifier);
}

/** Tokens in a wallet that no row accounts for. */
interface Unlisted {
  /** The agent's. */
  readonly own: readonly string[];
  /** Those that the service cannot read; undefined if it does not tell that there are any. */
  readonly unreadable: readonly string[] | undefined;
}

/** Returns what of a wallet may be the agent's, and no row accounts for; undefined if what the wallet holds is unknown. */
async function findUnlisted(
  session: Session,
  seller: SellingWallet,
  sought: Sought & { readonly listing?: ListingType },
  rows: readonly Row[],
): Promise<Unlisted | undefined> {
  const { type, listing = "standard" } = sought;
  const unreadable = listing !== "standard";
  const { otherRegistrations } = await session.settings();
  const look = async (
    holding: Holding | undefined,
    listed: readonly Row[],
  ): Promise<Unlisted | undefined> => {
    const tokens = await holding?.beyond(listed, type);
    if (!tokens) return undefined;
    const unread = unreadable ? await holding?.unreadable(listed, type) : [];
    return {
      own: unlistedTokens(tokens, sought, listed),
      unreadable: unread && doubtfulTokens(unread, otherRegistrations, { type }),
    };
  };
  const told = await session.holdingOf(seller, type, rows, { unreadable });
  // While many are registered, the wallet holds tokens of registrations that came after the list was read.
  const since = told?.wantsRowsSince(rows, type);
  const listed =
    since === undefined
      ? rows
      : accountable(session, await session.allRows(seller.network, Date.now() - since));
  const known = await look(told, listed);
  if (!known || (known.own.length === 0 && known.unreadable?.length === 0)) return known;
  // What the run knows of rows and wallet may be out of date. A token is on the chain only after its row has the identifier.
  const holding = await session.holdingOf(seller, type, rows, { fresh: true, unreadable });
  const now = accountable(session, await session.allRows(seller.network, 0));
  const found = await look(holding, now);
  if (!found?.unreadable?.length) return found;
  return (await session.readsTokens(listing, seller.network, now)) ? { ...found, unreadable: [] } : found;
}

/** A row that this run burns accounts for its token until the chain has caught up. */
const accountable = ({ run: { deregistering } }: Session, rows: readonly Row[]): readonly Row[] =>
  deregistering.size === 0
    ? rows
    : rows.map((row) => (deregistering.has(row.id) ? { ...row, state: "DeregistrationInitiated" } : row));

interface Newcomer {
  readonly agentId: string;
  readonly marker: string;
  readonly network: Network;
  readonly wallet: {
    readonly vkey: string;
    readonly type: WalletType;
    readonly address?: string | undefined;
  };
  readonly sourceAddress?: string | undefined;
  readonly listing: Pick<Listing, "type">;
}

/**
 * Returns if an agent may be registered that no row shows: the list has all that the service counts, and the wallet holds no
 * token with the agent's marker that no row accounts for, nor has a later look shown one. What the wallet holds must be told, by any release that can.
 *
 * @throws RegistrationError REGISTRY_INCONSISTENT
 */
export async function assertUnregistered(
  session: Session,
  { agentId, marker, network, wallet, sourceAddress, listing }: Newcomer,
  listed: readonly Row[],
): Promise<void> {
  if (await session.forgets(agentId)) return;
  const missing = await session.missingRows(network);
  if (missing > 0) throw shortList(missing, agentId);
  if (!(await (await session.client()).apiDocs()).hasWalletTokens) return;
  const seller = { network, vkey: wallet.vkey, address: wallet.address, contract: sourceAddress };
  const sought = { type: wallet.type, marker, agentIdentifier: "", listing: listingTypeOf(listing) };
  const found = await findUnlisted(session, seller, sought, accountable(session, listed));
  if (!found?.unreadable) throw untold(wallet.vkey, agentId);
  if (found.own.length > 0) throw unlisted(found.own, agentId);
  if (found.unreadable.length > 0) throw doubtful(found.unreadable, wallet.vkey, agentId);
  await assertNoneCameUp(session, { agentId, marker, network }, listed);
}

/** What a later look shows accounts for its token, but it was decided to register the agent when no list had it. */
async function assertNoneCameUp(
  session: Session,
  { agentId, marker, network }: Pick<Newcomer, "agentId" | "marker" | "network">,
  listed: readonly Row[],
): Promise<void> {
  const ours = RowIndex.of(await session.allRows(network, Number.POSITIVE_INFINITY)).withMarker(marker);
  const late = ours.find(({ id, state }) => !isOver(state) && !listed.some((row) => row.id === id));
  if (!late) return;
  throw inconsistent(
    `The payment service now lists registration ${late.id}, but did not a moment ago.`,
    agentId,
  );
}

/**
 * Returns a function that tells whether a row that is missing from a list is still to be waited for: for so many seconds since it
 * was seen last, since a list that changes while it is read may lack one.
 */
export function missingRowPatience(seconds: number): (row: Row | undefined) => boolean {
  let missingSince: number | undefined;
  return (row) => {
    missingSince = row ? undefined : (missingSince ?? Date.now());
    return missingSince !== undefined && Date.now() - missingSince < seconds * 1000;
  };
}

/** The error for a registration that was there a moment ago and that the service no longer lists. */
export const noLongerListed = (id: string, agentId: string) =>
  inconsistent(`The payment service no longer lists registration ${id}, which it had accepted.`, agentId);

/** What is shown while such a registration is still waited for. */
export const notListed = (id: string): string =>
  `Waiting for the payment service to list registration ${id}, which it had accepted`;

/** Returns the last part of a URN: a registration, and its confirmation, are called like their agent. */
export const nameOf = (urn: string | undefined, fallback: string): string =>
  urn?.split("::").at(-1) ?? fallback;
