import { createHash } from "node:crypto";
import type { Listing, Pricing, Row, WalletType, X402Source } from "../model.ts";
import { UNKNOWN, isUnknown } from "../unknown.ts";
import {
  USUAL_A2A_VERSIONS,
  documentUrlOf,
  hasApiBaseUrl,
  listingTypeOf,
  withoutSlash,
} from "../listing-type.ts";

/* How the service normalises a listing, and when two listings are the same. */

/**
 * Returns the listing as the service keeps it: `lovelace` is "", amounts have no leading zeros, empty optional texts are
 * absent. Values that are not known yet stay as they are.
 */
export function normaliseListing(listing: Listing): Listing {
  if (isUnknown(listing)) return listing;
  return {
    ...listing,
    author: withoutEmptyDetails(listing.author),
    legal: isUnknown(listing.legal) ? listing.legal : withoutEmpty(listing.legal),
    pricing: normalisePricing(listing.pricing),
    ...(Array.isArray(listing.sources) ? { sources: listing.sources.map(normaliseSource) } : {}),
  };
}

/** The service keeps EVM addresses in lower case. */
function normaliseSource(source: X402Source): X402Source {
  if (isUnknown(source)) return source;
  const { payTo, pricing } = source;
  const hasAsset = !isUnknown(pricing) && pricing.type !== "free" && typeof pricing.asset === "string";
  return {
    ...source,
    payTo: lowerCase(payTo),
    pricing: hasAsset ? { ...pricing, asset: lowerCase(pricing.asset) } : pricing,
  };
}

const lowerCase = <T>(text: T): T =>
  (typeof text === "string" && !isUnknown(text) ? text.toLowerCase() : text) as T;

const withoutEmptyDetails = (author: Listing["author"]): Listing["author"] =>
  isUnknown(author) ? author : { ...withoutEmpty(author), name: author.name };

const withoutEmpty = <T extends object>(texts: T): T =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text)) as T;

function normalisePricing(pricing: Pricing): Pricing {
  if (isUnknown(pricing)) return pricing;
  if (pricing.type !== "fixed") return { type: pricing.type };
  if (isUnknown(pricing.prices)) return pricing;
  return {
    type: "fixed",
    prices: pricing.prices.map(({ amount, unit }) => ({
      // The placeholder for an unknown amount begins with a zero.
      amount: isUnknown(amount) ? amount : amount.replace(/^0+(?=\d)/, ""),
      unit: unit === "lovelace" ? "" : unit,
    })),
  };
}

export interface Content {
  readonly wallet: { readonly type: WalletType };
  readonly listing: Listing;
  readonly sourceAddress?: string | undefined;
}

/** A declaration cannot say blanks around a text, so whether a registration has them is not worth a fee. What has none is not copied. */
const trimmed = <T>(value: T): T => {
  if (typeof value === "string") return value.trim() as T;
  if (typeof value !== "object" || value === null) return value;
  if (Object.values(value).every((item) => trimmed(item) === item)) return value;
  if (Array.isArray(value)) return value.map(trimmed) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, trimmed(item)])) as T;
};

/**
 * Returns what goes on the chain, field by field as comparable strings. Tags, prices and examples are sets: the service returns
 * prices in any order, and a different order of tags is not worth a fee. Neither is what no declaration can say: a slash at the
 * end of the URL, blanks around a text, an empty tag or one that is there twice. What only some listings have comes last, so that the
 * states of all others stay as they were.
 */
function fieldsOf({ wallet, listing, sourceAddress }: Content): Readonly<Record<string, string>> {
  const { author, legal, pricing, ...plain } = normaliseListing(trimmed(listing));
  const text = (value: unknown) => JSON.stringify(value);
  const type = listingTypeOf(plain);
  return {
    name: plain.name,
    description: plain.description,
    apiBaseUrl: hasApiBaseUrl(type) ? withoutSlash(plain.apiBaseUrl) : "",
    capability: text([plain.capability.name, plain.capability.version]),
    tags: text(sorted([...new Set(plain.tags.filter(Boolean))])),
    author: text([author.name, author.contactEmail, author.contactOther, author.organization]),
    legal: text([legal.privacyPolicy, legal.terms, legal.other]),
    pricing:
      pricing.type === "fixed"
        ? text(sorted(pricing.prices.map(({ unit, amount }) => `${unit} ${amount}`)))
        : pricing.type,
    exampleOutputs: text(
      sorted(plain.exampleOutputs.map(({ name, url, mimeType }) => text([name, url, mimeType]))),
    ),
    ...(wallet.type === "V2" ? { sourceAddress: sourceAddress ?? "" } : {}),
    ...(type === "standard" ? {} : { listing: type, documentUrl: documentUrlOf(plain) ?? "" }),
    ...(type === "a2a"
      ? { protocolVersions: text(sorted(plain.protocolVersions ?? USUAL_A2A_VERSIONS)) }
      : {}),
    ...(plain.sources?.length ? { sources: text(sorted(plain.sources.map(sourceText))) } : {}),
  };
}

/** The same text for the same source, in whatever order its keys are. */
const sourceText = (source: X402Source): string =>
  JSON.stringify(source, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

/** Returns what goes on the chain as one string; equal strings mean the same content. */
export const contentOf = (content: Content): string => JSON.stringify(fieldsOf(content));

/** Returns the names of the on-chain fields in which `wanted` differs from `live`, in a fixed order. */
export function changedFields(live: Content, wanted: Content): string[] {
  const before = fieldsOf(live);
  const after = fieldsOf(wanted);
  const isOfOneOnly = (field: string) => field === "apiBaseUrl" && (!before[field] || !after[field]);
  return Object.keys({ ...before, ...after }).filter(
    // A URL that only one of two types shows is no change of it.
    (field) => before[field] !== after[field] && !isOfOneOnly(field),
  );
}

/** Returns the digest of one field; 60 bits are enough to distinguish the texts of one agent. */
const digestText = (text: string) =>
  createHash("sha256").update(text, "utf8").digest("base64url").slice(0, 10);

/**
 * Returns what goes on the chain as ten characters per field, by which the state recognises changes. The fields' order and
 * texts are part of the state's format.
 */
export const digestOf = (content: Content): string =>
  Object.values(fieldsOf(content)).map(digestText).join(".");

/** Returns whether the content has this digest. A field that contains something unknown counts as the same. */
export function hasDigest(content: Content, digest: string): boolean {
  const fields = Object.values(fieldsOf(content));
  const digests = digest.split(".");
  return (
    fields.length === digests.length &&
    fields.every((text, index) => text.includes(UNKNOWN) || digestText(text) === digests[index])
  );
}

const sorted = (texts: readonly string[]) => texts.toSorted();

/** Returns whether a row shows exactly this content on this wallet. Whether the chain has it depends on the row's state. */
export const shows = (
  row: Row,
  registration: Content & { readonly wallet: { readonly vkey: string } },
): boolean =>
  row.walletVkey === registration.wallet.vkey &&
  contentOf({ wallet: row, listing: row.listing, sourceAddress: row.sourceAddress }) ===
    contentOf(registration);
