import { type Listing, type ListingType, LISTING_TYPES, type WalletType } from "./model.ts";

/* What the registry demands of each type of entry: the document that buyers read, and whether it can be changed in place. */

type Typed = Exclude<ListingType, "standard">;

/** Where an agent's document is, seen from its URL, unless its author says otherwise. Crews serve theirs there. */
const USUAL_PLACE: Readonly<Record<Typed, string>> = {
  openapi: "/openapi.json",
  a2a: "/.well-known/agent-card.json",
  x402: "/.well-known/x402.json",
};

/** The versions of A2A that an agent supports unless its author says otherwise. Crews speak this one. */
export const USUAL_A2A_VERSIONS: readonly string[] = ["1.0"];

export const isListingType = (type: unknown): type is ListingType =>
  (LISTING_TYPES as readonly unknown[]).includes(type);

export const listingTypeOf = ({ type = "standard" }: Pick<Listing, "type">): ListingType => type;

/** Returns whether the agent's own URL is part of its entry; the others show nothing but their document. */
export const hasApiBaseUrl = (type: ListingType): boolean => type === "standard" || type === "a2a";

/** A service is the same with and without a slash at the end of its URL. */
export const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

/** Returns the URL of the document that the registry fetches; undefined for a standard agent, which is asked instead. */
export function documentUrlOf(
  listing: Pick<Listing, "type" | "apiBaseUrl" | "documentUrl">,
): string | undefined {
  const type = listingTypeOf(listing);
  if (type === "standard") return undefined;
  return listing.documentUrl ?? `${withoutSlash(listing.apiBaseUrl)}${USUAL_PLACE[type]}`;
}

/** What distinguishes an entry that is not standard. */
export interface TypedListing {
  readonly type: Typed;
  /** URL of the document that the registry fetches, and buyers read. */
  readonly documentUrl: string;
  /** For `a2a` alone: versions of A2A that the agent's card must have. */
  readonly protocolVersions?: readonly string[] | undefined;
}

/** Returns what distinguishes an entry from a standard one; undefined of a standard one. */
export function typedListingOf(
  listing: Pick<Listing, "type" | "apiBaseUrl" | "documentUrl" | "protocolVersions">,
): TypedListing | undefined {
  const { type = "standard", protocolVersions = USUAL_A2A_VERSIONS } = listing;
  const documentUrl = documentUrlOf(listing);
  if (type === "standard" || documentUrl === undefined) return undefined;
  return { type, documentUrl, ...(type === "a2a" ? { protocolVersions } : {}) };
}

/** Returns the URL of the agent whose document is in its usual place; of any other document its own URL, which is as much one. */
export function baseUrlOf(type: Typed, documentUrl: string): string {
  const place = USUAL_PLACE[type];
  return documentUrl.endsWith(place) ? documentUrl.slice(0, -place.length) : documentUrl;
}

/**
 * Returns whether the service changes a registration in place. It does for V2 and for standard agents alone: POST /registry/update
 * refuses entries of any other type, and to make one of a standard agent.
 */
export const isUpdatedInPlace = (
  wallet: WalletType,
  before: ListingType | undefined,
  after: ListingType | undefined,
): boolean =>
  wallet === "V2" && (before ?? "standard") === "standard" && (after ?? "standard") === "standard";
