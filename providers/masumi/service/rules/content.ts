import { createHash } from "node:crypto";
import type { Listing, Pricing, Row, WalletType } from "../model.ts";
import { UNKNOWN, isUnknown } from "../unknown.ts";

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
  };
}

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

/** A declaration cannot say blanks around a text, so whether a registration has them is not worth a fee. */
const trimmed = <T>(value: T): T => {
  if (typeof value === "string") return value.trim() as T;
  if (Array.isArray(value)) return value.map(trimmed) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, trimmed(item)])) as T;
};

/** A service is the same with and without a slash at the end of its URL. */
const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

/**
 * Returns what goes on the chain, field by field as comparable strings. Tags, prices and examples are sets: the service returns
 * prices in any order, and a different order of tags is not worth a fee. Neither is what no declaration can say: a slash at the
 * end of the URL, blanks around a text, an empty tag or one that is there twice.
 */
function fieldsOf({ wallet, listing, sourceAddress }: Content): Readonly<Record<string, string>> {
  const { author, legal, pricing, ...plain } = normaliseListing(trimmed(listing));
  const text = (value: unknown) => JSON.stringify(value);
  return {
    name: plain.name,
    description: plain.description,
    apiBaseUrl: withoutSlash(plain.apiBaseUrl),
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
  };
}

/** Returns what goes on the chain as one string; equal strings mean the same content. */
export const contentOf = (content: Content): string => JSON.stringify(fieldsOf(content));

/** Returns the names of the on-chain fields in which `wanted` differs from `live`, in a fixed order. */
export function changedFields(live: Content, wanted: Content): string[] {
  const before = fieldsOf(live);
  const after = fieldsOf(wanted);
  return Object.keys({ ...before, ...after }).filter((field) => before[field] !== after[field]);
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
