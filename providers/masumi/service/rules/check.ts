import { LARGEST_METADATUM, bytesOf, unkept } from "../../../common/kept-text.ts";
import type { Registration } from "../client/convert.ts";
import { isMarker } from "../marker.ts";
import { type Listing, LISTING_TYPES, type Pricing, type Wallet } from "../model.ts";
import { isUnknown } from "../unknown.ts";
import { checkSources } from "./check-sources.ts";
import { type Failure, LARGEST_AMOUNT, ifKnown, isAmount, isOneOf, unless } from "./failures.ts";
import { documentUrlOf } from "../listing-type.ts";

/** Limits of POST /registry, in UTF-16 units as the service counts them. Seen on release 0.28. */
export const LIMITS = {
  text: 250,
  tag: 63,
  /** Of UTF-8: the service puts tags on the chain in one piece. */
  tagBytes: LARGEST_METADATUM,
  /** The service accepts 15; one is our marker. */
  tags: 14,
  prices: 5,
  amount: LARGEST_AMOUNT,
  exampleOutputs: 25,
  exampleOutputName: 60,
  exampleOutputMimeType: 60,
  /** Payment sources beside the Cardano one: the service accepts 25. */
  sources: 24,
  protocolVersions: 10,
} as const;

const VKEY = /^[0-9a-f]{56}$/;
/** Policy id and asset name (at most 32 bytes). The service compares units as they are written. */
const UNIT = /^[0-9a-f]{56}([0-9a-f]{2}){0,32}$/;

/** What is declared of a registration and not sent. */
interface Declared {
  readonly agentId: string;
  readonly probe?: { readonly allowPrivate: boolean } | undefined;
}

/**
 * Returns everything in the inputs that the service would refuse, before any request is sent. Pure; values that are not known
 * yet pass.
 */
export function checkRegistration(inputs: Registration & Declared): Failure[] {
  return [
    ...checkText("agentId", inputs.agentId, { min: 1 }),
    ...checkTag("marker", inputs.marker),
    ...unless(isOneOf(inputs.network, ["Preprod", "Mainnet"]), "network", "expected Preprod or Mainnet"),
    ...ifKnown(inputs.wallet, (wallet) => checkWallet(wallet, inputs.sourceAddress)),
    ...ifKnown(inputs.listing, (listing) => [
      ...checkListing(listing),
      ...checkType(listing, inputs.wallet, inputs.probe?.allowPrivate ?? false),
      ...ifKnown(listing.sources, (sources) => checkSources(sources ?? [], inputs.wallet)),
    ]),
    ...unless(
      inputs.network !== "Mainnet" || inputs.probe?.allowPrivate !== true,
      "probe.allowPrivate",
      "is only for simulated networks: on Mainnet an agent's URL must be public",
    ),
  ];
}

function checkWallet({ vkey, type }: Wallet, sourceAddress: string | undefined): Failure[] {
  return [
    ...unless(
      isUnknown(vkey) || VKEY.test(vkey),
      "wallet.vkey",
      "expected 56 lower-case hex digits (the selling wallet's verification key hash)",
    ),
    ...unless(isOneOf(type, ["V1", "V2"]), "wallet.type", "expected V1 or V2"),
    ...unless(
      type !== "V2" || Boolean(sourceAddress),
      "sourceAddress",
      "a V2 wallet needs the contract address of its payment source",
    ),
  ];
}

function checkListing(listing: Listing): Failure[] {
  const at = (field: string) => `listing.${field}`;
  return [
    ...checkText(at("name"), listing.name, { min: 1 }),
    ...checkText(at("description"), listing.description, { lines: true }),
    ...checkUrl(at("apiBaseUrl"), listing.apiBaseUrl),
    ...ifKnown(listing.capability, (capability) => [
      ...checkText(at("capability.name"), capability.name),
      ...checkText(at("capability.version"), capability.version),
    ]),
    ...ifKnown(listing.tags, checkTags),
    ...ifKnown(listing.author, (author) => checkTexts(at("author"), { ...author })),
    ...ifKnown(listing.legal, (legal) => checkTexts(at("legal"), { ...legal }, { lines: true })),
    ...ifKnown(listing.pricing, checkPricing),
    ...ifKnown(listing.exampleOutputs, checkExampleOutputs),
  ];
}

const A2A_VERSION = /^\d+\.\d+$/;

/** The document that the registry fetches, and what belongs to the types that have one. */
function checkType(listing: Listing, wallet: Wallet, allowPrivate: boolean): Failure[] {
  const { type = "standard", documentUrl, protocolVersions: versions } = listing;
  if (isUnknown(type)) return [];
  if (!isOneOf(type, LISTING_TYPES)) {
    return [{ property: "listing.type", reason: `expected ${LISTING_TYPES.join(", ")}` }];
  }
  const url = documentUrlOf(listing);
  const isKnown = url !== undefined && ![documentUrl, listing.apiBaseUrl].some(isUnknown);
  return [
    ...unless(
      type !== "standard" || documentUrl === undefined,
      "listing.documentUrl",
      "a standard agent has no document",
    ),
    ...unless(
      type === "a2a" || versions === undefined,
      "listing.protocolVersions",
      "only agents that are listed as a2a have versions of A2A",
    ),
    ...unless(
      type !== "a2a" || isUnknown(wallet) || wallet.type !== "V1",
      "listing.type",
      "a2a needs a V2 wallet: V1 registrations cannot say it",
    ),
    ...(isKnown ? checkUrl("listing.documentUrl", url) : []),
    ...unless(
      !isKnown || allowPrivate || !url.startsWith("http:"),
      "listing.documentUrl",
      "must be https: the network's registry fetches documents by no other protocol",
    ),
    ...ifKnown(versions ?? ["1.0"], (list) => [
      ...unless(
        list.length >= 1 && list.length <= LIMITS.protocolVersions,
        "listing.protocolVersions",
        `has ${list.length} versions, 1 to ${LIMITS.protocolVersions} are allowed`,
      ),
      ...list.flatMap((version, index) =>
        unless(
          isUnknown(version) || A2A_VERSION.test(version),
          `listing.protocolVersions[${index}]`,
          "expected Major.Minor, such as 1.0",
        ),
      ),
    ]),
  ];
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** Whether it may have several lines. */
  readonly lines?: boolean;
}

const checkTexts = (
  property: string,
  texts: Readonly<Record<string, string | undefined>>,
  bounds: Bounds = {},
): Failure[] =>
  Object.entries(texts).flatMap(([key, text]) =>
    text === undefined ? [] : checkText(`${property}.${key}`, text, bounds),
  );

function checkText(
  property: string,
  text: string,
  { min = 0, max = LIMITS.text, lines = false }: Bounds = {},
): Failure[] {
  if (isUnknown(text)) return [];
  if (typeof text !== "string") return [{ property, reason: "expected text" }];
  const found = unkept(text, { lines });
  return [
    ...unless(text.length >= min, property, "must not be empty"),
    ...unless(text.length <= max, property, `has ${text.length} characters, at most ${max} are allowed`),
    ...unless(found === undefined, property, `contains ${found}`),
  ];
}

function checkTag(property: string, tag: string): Failure[] {
  const failures = checkText(property, tag, { min: 1, max: LIMITS.tag });
  if (failures.length > 0 || isUnknown(tag)) return failures;
  const bytes = bytesOf(tag);
  return unless(
    bytes <= LIMITS.tagBytes,
    property,
    `has ${bytes} bytes in UTF-8, the chain takes at most ${LIMITS.tagBytes}`,
  );
}

function checkUrl(property: string, url: string): Failure[] {
  const length = checkText(property, url, { min: 1 });
  if (isUnknown(url) || length.length > 0) return length;
  return unless(
    URL.canParse(url) && /^https?:$/.test(new URL(url).protocol),
    property,
    "expected an http or https URL",
  );
}

function checkTags(tags: Listing["tags"]): Failure[] {
  return [
    ...unless(
      tags.length <= LIMITS.tags,
      "listing.tags",
      `has ${tags.length} tags, at most ${LIMITS.tags} are allowed in addition to our own`,
    ),
    ...tags.flatMap((tag, index) => [
      ...checkTag(`listing.tags[${index}]`, tag),
      ...unless(
        !isMarker(tag),
        `listing.tags[${index}]`,
        `${tag} marks somebody's registration as theirs, so it cannot be a tag of its own`,
      ),
    ]),
  ];
}

function checkPricing(pricing: Pricing): Failure[] {
  if (!isOneOf(pricing.type, ["fixed", "free", "dynamic"])) {
    return [{ property: "listing.pricing.type", reason: "expected fixed, free or dynamic" }];
  }
  if (pricing.type !== "fixed" || isUnknown(pricing.prices)) return [];
  const { prices } = pricing;
  const units = prices.map(({ unit }) => unit);
  return [
    ...unless(
      prices.length >= 1 && prices.length <= LIMITS.prices,
      "listing.pricing.prices",
      `has ${prices.length} prices, 1 to ${LIMITS.prices} are allowed`,
    ),
    ...prices.flatMap(({ amount, unit }, index) => [
      ...unless(
        isUnknown(amount) || isAmount(amount),
        `listing.pricing.prices[${index}].amount`,
        `expected digits, 1 to ${LIMITS.amount} base units`,
      ),
      ...unless(
        isUnknown(unit) || unit === "" || UNIT.test(unit),
        `listing.pricing.prices[${index}].unit`,
        'expected "" for lovelace, or policy id and asset name in lower-case hex',
      ),
      ...unless(
        isUnknown(unit) || units.indexOf(unit) === index,
        `listing.pricing.prices[${index}].unit`,
        "there is already a price in this unit",
      ),
    ]),
  ];
}

function checkExampleOutputs(examples: Listing["exampleOutputs"]): Failure[] {
  return [
    ...unless(
      examples.length <= LIMITS.exampleOutputs,
      "listing.exampleOutputs",
      `has ${examples.length} entries, at most ${LIMITS.exampleOutputs} are allowed`,
    ),
    ...examples.flatMap((example, index) =>
      ifKnown(example, ({ name, url, mimeType }) => [
        ...checkText(`listing.exampleOutputs[${index}].name`, name, { max: LIMITS.exampleOutputName }),
        ...checkText(`listing.exampleOutputs[${index}].url`, url),
        ...checkText(`listing.exampleOutputs[${index}].mimeType`, mimeType, {
          max: LIMITS.exampleOutputMimeType,
        }),
      ]),
    ),
  ];
}
