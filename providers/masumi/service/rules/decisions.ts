import type { Registration } from "../client/convert.ts";
import { RegistrationError } from "../errors.ts";
import { hasDigest, shows } from "./content.ts";
import { chooseKept } from "./kept.ts";
import { documentUrlOf, isUpdatedInPlace, listingTypeOf } from "../listing-type.ts";
import { ownerOf } from "../marker.ts";
import {
  type Listing,
  type ListingType,
  type Network,
  type Row,
  type Wallet,
  isLeaving,
  isLive,
  isOver,
  isPending,
  isUpdatable,
} from "../model.ts";
import { RowIndex } from "./row-index.ts";
import { UNKNOWN, isUnknown } from "../unknown.ts";

/* ---- diff ---------------------------------------------------------------------------------------------- */

export type Change =
  | { readonly kind: "none" }
  | { readonly kind: "update" }
  | { readonly kind: "replace"; readonly properties: string[]; readonly deleteFirst: boolean };

/** Returns whether only a new registration helps in this state. */
const isLost = (state: string) => isOver(state) || isLeaving(state);

/** What is known about a registration, from the state or from its row. */
export interface Registered {
  readonly network: Network;
  readonly wallet: Wallet;
  /** Digest of what is on the chain, see `digestOf`. */
  readonly content: string;
  /** "" if the row does not have it. */
  readonly marker: string;
  readonly state: string;
  /** Absent: a standard agent's, as in any state of before there were others. */
  readonly listingType?: ListingType | undefined;
}

/** A registration that has ended or whose update failed, although the state may still consider it valid. */
export interface RecoverFrom {
  readonly rowId: string;
  /** The row's state as the service shows it now. */
  readonly state: string;
}

/** What a registration should be; in previews any value may be {@link UNKNOWN}. */
export interface Wanted {
  readonly network: Network;
  readonly wallet: Wallet;
  readonly listing: Listing;
  readonly sourceAddress?: string;
  readonly adopt?: string;
  readonly recover?: readonly RecoverFrom[];
  readonly v1Replacement?: "create-first" | "delete-first";
}

/**
 * Returns what the new inputs change on the chain. Pure. Only what is on the chain counts: the wallet, the listing, and on V2
 * the payment source. Values that are not known yet (a URL in a preview) count as unchanged.
 */
export function decideChange(id: string, olds: Registered, inputs: Wanted): Change {
  const news = fillUnknown(inputs, olds);
  const replace = (...properties: string[]): Change => ({
    kind: "replace",
    properties,
    deleteFirst: olds.wallet.type === "V1" && news.v1Replacement === "delete-first",
  });

  const moved = [
    ...(news.network === olds.network ? [] : ["network"]),
    ...(news.wallet.vkey === olds.wallet.vkey ? [] : ["wallet"]),
  ];
  if (moved.length > 0) return replace(...moved);

  // The registration may have changed since the state was written, so the preflight's view takes precedence.
  const state = news.recover?.find(({ rowId }) => rowId === id)?.state ?? olds.state;
  if (isLost(state)) return replace("recover");

  const contentChanged = !isSameContent(olds, inputs);
  const unmarked = olds.marker === "" && news.adopt !== id;
  if (isUpdatedInPlace(olds.wallet.type, olds.listingType, wantedType(olds, inputs))) {
    return contentChanged || unmarked || state === "UpdateFailed" ? { kind: "update" } : { kind: "none" };
  }
  return contentChanged ? replace("listing") : { kind: "none" };
}

const wantedType = ({ listingType }: Registered, { listing }: Wanted): ListingType | undefined =>
  isUnknown(listing) || isUnknown(listing.type) ? listingType : listing.type;

function isSameContent(olds: Registered, inputs: Wanted): boolean {
  const { wallet, content } = olds;
  if (isUnknown(inputs.listing)) return true;
  const listing = { ...fillUnknown(inputs.listing, UNKNOWN_LISTING), type: wantedType(olds, inputs) };
  return hasDigest({ wallet, listing, sourceAddress: inputs.sourceAddress ?? UNKNOWN }, content);
}

/** The shape of an unknown listing, so its known parts can be compared. */
const UNKNOWN_LISTING: Listing = {
  name: UNKNOWN,
  description: UNKNOWN,
  apiBaseUrl: UNKNOWN,
  capability: { name: UNKNOWN, version: UNKNOWN },
  tags: [UNKNOWN],
  author: { name: UNKNOWN, contactEmail: UNKNOWN, contactOther: UNKNOWN, organization: UNKNOWN },
  legal: { privacyPolicy: UNKNOWN, terms: UNKNOWN, other: UNKNOWN },
  pricing: { type: "fixed", prices: [{ amount: UNKNOWN, unit: UNKNOWN }] },
  exampleOutputs: [{ name: UNKNOWN, url: UNKNOWN, mimeType: UNKNOWN }],
};

/** Returns `value` with everything unknown in it taken from the same place in `known`. */
function fillUnknown<T>(value: T, known: unknown): T {
  if (isUnknown(value)) return (known === undefined ? value : known) as T;
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      fillUnknown(item, Array.isArray(known) ? (known[index] ?? known[0]) : undefined),
    ) as T;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      fillUnknown(item, (known as Record<string, unknown>)?.[key]),
    ]),
  ) as T;
}

/* ---- create: whose row is it? -------------------------------------------------------------------------- */

export interface LookInput {
  readonly registration: Registration;
  readonly adopt?: string | undefined;
  /** Every row of the network, V1 and V2. */
  readonly rows: readonly Row[];
  /** Rows that this run deregisters. */
  readonly deregistering: ReadonlySet<string>;
  /** Rows that this run replaces by the one to be created. */
  readonly replaced: ReadonlySet<string>;
}

export type Look =
  | { readonly kind: "register" }
  /** The row becomes the registration as it is; `spare` are the agent's other registrations, which this run leaves alone. */
  | { readonly kind: "adopt"; readonly row: Row; readonly spare: readonly Row[] }
  /** V2: the row becomes the registration and gets the declared content in place. */
  | { readonly kind: "adopt-and-update"; readonly row: Row };

/**
 * Decides whether to register an agent, or to use an existing row as its registration. A row is ours if it has the agent's
 * marker. Pure.
 *
 * @throws RegistrationError FOREIGN_REGISTRATION, OWN_REGISTRATION_DIFFERS, ADOPT_NOT_POSSIBLE
 */
export function decideCreate(input: LookInput): Look {
  const { registration, rows, deregistering, replaced } = input;
  const { marker, wallet, listing } = registration;
  const index = RowIndex.of(rows);
  const isFree = ({ id, state }: Row) => !isOver(state) && !deregistering.has(id);
  const ours = index.withMarker(marker).filter(isFree);
  const isAdoptable = (row: Row) => (isLive(row.state) || isPending(row.state)) && shows(row, registration);
  const { row, spare } = chooseKept(ours, { shows: isAdoptable });
  if (row && isAdoptable(row)) {
    return { kind: "adopt", row, spare: spare.filter((other) => !isBeingReplaced(other, input)) };
  }

  const named = input.adopt !== undefined && !replaced.has(input.adopt) && !deregistering.has(input.adopt);
  if (named) return decideAdopt(registration, input.adopt ?? "", rows);

  const stray = ours.find((row) => !isLeaving(row.state) && !isBeingReplaced(row, input));
  if (stray) throw strayError(registration, stray);
  const foreign = [listing.apiBaseUrl, documentUrlOf(listing)]
    .flatMap((url) => (url === undefined ? [] : index.at(wallet.vkey, url)))
    .find((row) => isFree(row) && isForeign(row, marker) && !isBeingReplaced(row, input));
  if (foreign) throw foreignError(foreign);
  return { kind: "register" };
}

/**
 * Returns whether this run replaces the row, or is about to delete it because an earlier run replaced it with a registration
 * that failed on the chain and is replaced now.
 */
function isBeingReplaced(row: Row, { registration, rows, replaced }: LookInput): boolean {
  if (replaced.has(row.id)) return true;
  const ours = RowIndex.of(rows).withMarker(registration.marker);
  return ours.includes(row) && ours.some((one) => replaced.has(one.id) && row.createdAt < one.createdAt);
}

function decideAdopt(registration: Registration, rowId: string, rows: readonly Row[]): Look {
  const row = rows.find(({ id }) => id === rowId);
  const refuse = (what: string, remedy?: string) =>
    new RegistrationError({ code: "ADOPT_NOT_POSSIBLE", what: `adopt: ${rowId} ${what}.`, remedy });
  if (!row) throw refuse("is not a registration in this service on this network");
  if (row.walletVkey !== registration.wallet.vkey) {
    throw refuse(
      `is registered on wallet ${row.walletVkey}`,
      `Pin that wallet in the agent's YAML: wallet: ${row.walletVkey}`,
    );
  }
  if (!isUpdatable(row.state) && !isPending(row.state)) throw refuse(`is in state ${row.state}`);
  if (shows(row, registration) && row.state !== "UpdateFailed") return { kind: "adopt", row, spare: [] };
  if (!isUpdatedInPlace(row.type, row.listing.type, registration.listing.type)) {
    throw refuse(
      `has different content, and ${kindOf(row, registration.listing)} cannot be changed in place`,
      "First declare exactly what is registered, and adopt it; changing it afterwards is a replacement with two fees.",
    );
  }
  if (isPending(row.state)) throw refuse(`is in state ${row.state}`, "Run again when it is confirmed.");
  return { kind: "adopt-and-update", row };
}

/** Whether a row is none of this owner's, and stays. */
const isForeign = ({ markers, state }: Row, marker: string): boolean =>
  !isLeaving(state) && !markers.some((tag) => ownerOf(tag) === ownerOf(marker));

function strayError({ wallet }: Registration, row: Row): RegistrationError {
  const isElsewhere = row.walletVkey !== wallet.vkey;
  return new RegistrationError({
    code: "OWN_REGISTRATION_DIFFERS",
    what:
      `Registration ${row.id} (${row.state})${isElsewhere ? ` on wallet ${row.walletVkey}` : ""} has this agent's marker but is ` +
      "not in this stack's state, and its content differs.",
    remedy:
      `${takeOver(row, isElsewhere ? ` and wallet: ${row.walletVkey}` : "")} If another stack manages it, give this stack another ` +
      "masumi:owner. If the resource was tainted or you are replacing it explicitly, run a plain up instead.",
  });
}

/** Returns how to take a registration over, as `adopt:` is refused for some. */
function takeOver({ id, type, state, listing }: Row, pinned: string): string {
  if (!isUpdatable(state) && !isPending(state)) {
    return "In this state it cannot be taken over: deregister it in the payment service, then run again.";
  }
  if (isUpdatedInPlace(type, listing.type, "standard"))
    return `Take it over with adopt: ${id}${pinned} in the agent's YAML.`;
  return (
    `Take it over by declaring what it shows${pinned} (drift lists what differs) and running up. ${capital(kindOf({ type, listing }))} cannot be changed ` +
    "in place: after that, your change is a replacement with two fees."
  );
}

/** Returns what registrations like this one are called. */
function kindOf(
  { type, listing }: Pick<Row, "type" | "listing">,
  wanted: Pick<Listing, "type"> = {},
): string {
  if (type === "V1") return "V1 registrations";
  const [first = "standard"] = [listingTypeOf(listing), listingTypeOf(wanted)].filter(
    (one) => one !== "standard",
  );
  return `registrations of the type ${first}`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const foreignError = (row: Row) =>
  new RegistrationError({
    code: "FOREIGN_REGISTRATION",
    what: `${row.listing.apiBaseUrl} is already registered on this wallet, without our marker: registration ${row.id} (${row.state}, "${row.listing.name}").`,
    remedy: `Take it over with adopt: ${row.id} in the agent's YAML, or deregister it first.`,
  });
