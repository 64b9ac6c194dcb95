import { LOVELACE_PER_TOKEN } from "../costs.ts";
import { isMarker } from "../marker.ts";
import type { Listing, ListingType, Network, Price, Pricing, Row, Wallet, WalletType } from "../model.ts";
import {
  documentUrlOf,
  baseUrlOf,
  hasApiBaseUrl,
  listingTypeOf,
  USUAL_A2A_VERSIONS,
} from "../listing-type.ts";
import { fromEvmSource, toEvmSource } from "./convert-x402.ts";
import {
  type CardanoSourceBody,
  DOCUMENT_OF,
  type DeregisterBody,
  ENTRY_TYPES,
  type EntryType,
  type EvmSource,
  type PaymentSourceType,
  type RegisterBody,
  type RegistrationContent,
  type RegistryEntry,
  type UpdateBody,
} from "./wire.ts";

/** What a release of the service can do, according to its list of routes. */
export interface Dialect {
  /** From 0.22 on POST /registry/deregister; before, DELETE /registry with the same body. */
  readonly deregistersByPost: boolean;
  /** GET /registry/diff, from 0.26 on. */
  readonly hasChanges: boolean;
  /** `searchQuery` and `limit` of GET /registry, from 0.27 on; before, pages have ten rows. */
  readonly hasSearch: boolean;
  /** V2 wallets, POST /registry/update and the payment source filter, from 0.28 on. */
  readonly hasV2: boolean;
  /** GET /registry/wallet: what the selling wallets hold. */
  readonly hasWalletTokens: boolean;
  /** What POST /registry says that it takes as an entry's `type`; before the release after 0.28, standard agents alone. */
  readonly listingTypes: readonly ListingType[];
}

/** Returns the number of rows per page: what we request, or the fixed number of old releases. */
export const pageSize = ({ hasSearch }: Dialect): number => (hasSearch ? 100 : 10);

/**
 * Returns the dialect of a service with these API routes and types of entries. A service that hides them is assumed to be a current
 * one, which knows no types.
 */
export function dialectOf(
  routes: readonly string[] | undefined,
  entryTypes: readonly string[] = [],
): Dialect {
  const has = (route: string) => routes === undefined || routes.includes(route);
  return {
    deregistersByPost: has("/registry/deregister"),
    hasChanges: has("/registry/diff"),
    hasSearch: has("/registry/count"),
    hasV2: has("/registry/update"),
    hasWalletTokens: has("/registry/wallet"),
    listingTypes: [
      "standard",
      ...ENTRY_TYPES.filter((type) => type !== "Standard" && entryTypes.includes(type)).map(fromType),
    ],
  };
}

export const toPaymentSourceType = (type: WalletType): PaymentSourceType =>
  type === "V2" ? "Web3CardanoV2" : "Web3CardanoV1";

/** The content of a registration: the listing, the marker that makes it ours, and where its payments go. */
export interface Registration {
  readonly network: Network;
  readonly wallet: Wallet;
  readonly marker: string;
  readonly listing: Listing;
  /** V2: contract address of the wallet's own payment source. */
  readonly sourceAddress?: string | undefined;
}

const TYPES = {
  standard: "Standard",
  openapi: "OpenApi",
  x402: "X402",
  a2a: "A2A",
} as const satisfies Record<ListingType, EntryType>;
const LISTING_TYPES: Readonly<Record<EntryType, ListingType>> = {
  Standard: "standard",
  OpenApi: "openapi",
  X402: "x402",
  A2A: "a2a",
};
const fromType = (type: EntryType): ListingType => LISTING_TYPES[type];

const PRICING_TYPES = { fixed: "Fixed", free: "Free", dynamic: "Dynamic" } as const;

/** Returns the texts that are neither absent nor empty. */
const present = (texts: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter((entry): entry is [string, string] => Boolean(entry[1])));

function toContent({ network, marker, listing, wallet, sourceAddress }: Registration): RegistrationContent {
  const legal = present(listing.legal);
  return {
    network,
    name: listing.name,
    description: listing.description,
    ...toEndpoint(listing),
    Capability: listing.capability,
    Author: { name: listing.author.name, ...present(listing.author) },
    ...(Object.keys(legal).length > 0 ? { Legal: legal } : {}),
    Tags: [...listing.tags, marker],
    ExampleOutputs: listing.exampleOutputs,
    ...(wallet.type === "V1"
      ? { AgentPricing: toV1Pricing(listing.pricing) }
      : {
          supportedPaymentSources: [
            toPaymentSource(network, sourceAddress ?? "", listing.pricing),
            ...(listing.sources ?? []).map(toEvmSource),
          ],
        }),
  };
}

/** Returns how the agent is reached. A standard agent has no type: older releases do not know it, newer ones assume it. */
function toEndpoint(
  listing: Listing,
): Pick<RegistrationContent, "type" | "apiBaseUrl" | "a2aProtocolVersions"> {
  const type = TYPES[listingTypeOf(listing)];
  if (type === "Standard") return { apiBaseUrl: listing.apiBaseUrl };
  return {
    type,
    [DOCUMENT_OF[type]]: documentUrlOf(listing),
    ...(type === "A2A"
      ? {
          apiBaseUrl: listing.apiBaseUrl,
          a2aProtocolVersions: listing.protocolVersions ?? USUAL_A2A_VERSIONS,
        }
      : {}),
  };
}

function toV1Pricing(pricing: Pricing): NonNullable<RegistrationContent["AgentPricing"]> {
  const pricingType = PRICING_TYPES[pricing.type];
  return pricing.type === "fixed" ? { pricingType, Pricing: pricing.prices } : { pricingType };
}

function toPaymentSource(network: Network, address: string, pricing: Pricing): CardanoSourceBody {
  const pricingType = PRICING_TYPES[pricing.type];
  return {
    chain: "Cardano",
    network,
    paymentSourceType: toPaymentSourceType("V2"),
    address,
    pricing:
      pricing.type === "fixed"
        ? { pricingType, fixed: pricing.prices.map(({ unit, amount }) => ({ asset: unit, amount })) }
        : { pricingType },
  };
}

export const toRegisterBody = (registration: Registration): RegisterBody => ({
  ...toContent(registration),
  sellingWalletVkey: registration.wallet.vkey,
});

/** Returns "" for each optional text that `live` has and `wanted` lacks, because omitting it would keep it. */
const emptied = (
  live: Readonly<Record<string, string | undefined>>,
  wanted: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.keys(present(live))
      .filter((key) => !wanted[key])
      .map((key) => [key, ""]),
  );

/** Returns the update that turns `live` into `registration`. */
export function toUpdateBody(registration: Registration, live: Row): UpdateBody {
  const content = toContent(registration);
  const legal = { ...emptied(live.listing.legal, registration.listing.legal), ...content.Legal };
  return {
    ...content,
    Author: { ...emptied(live.listing.author, registration.listing.author), ...content.Author },
    ...(Object.keys(legal).length > 0 ? { Legal: legal } : {}),
    agentIdentifier: live.agentIdentifier,
  };
}

interface Call {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly body: DeregisterBody;
}

/** Deregistration from 0.22 on. */
const toDeregister = (body: DeregisterBody): Call => ({ method: "POST", path: "/registry/deregister", body });

/** Deregistration up to 0.21. In newer releases this method removes a row by id and refuses this body. */
const toOldDeregister = (body: DeregisterBody): Call => ({ method: "DELETE", path: "/registry", body });

export const toDeregisterCall = (dialect: Dialect, body: DeregisterBody): Call =>
  dialect.deregistersByPost ? toDeregister(body) : toOldDeregister(body);

/** Returns a registration in our model: markers separate from tags, no "" or null, V1 and V2 prices in one format. */
export function fromEntry(entry: RegistryEntry): Row {
  const supported = entry.supportedPaymentSources ?? [];
  const sources = supported.filter((source) => !isEvm(source));
  const evm = supported.filter(isEvm);
  // A row keeps past errors and transactions, which are relevant only if its state refers to them.
  const error = entry.state.endsWith("Failed") ? entry.error : undefined;
  const transaction = entry.state.endsWith("Requested") ? undefined : entry.CurrentTransaction;
  return {
    id: entry.id,
    type: entry.supportedPaymentSources ? "V2" : "V1",
    state: entry.state,
    error: error ?? "",
    listing: {
      name: entry.name,
      description: entry.description ?? "",
      ...fromEndpoint(entry),
      capability: { name: entry.Capability?.name ?? "", version: entry.Capability?.version ?? "" },
      tags: entry.Tags.filter((tag) => !isMarker(tag)),
      author: { name: entry.Author.name, ...fromOptional(entry.Author, AUTHOR_TEXTS) },
      legal: fromOptional(entry.Legal ?? {}, LEGAL_TEXTS),
      pricing: entry.supportedPaymentSources ? fromSources(sources) : fromV1Pricing(entry.AgentPricing),
      exampleOutputs: entry.ExampleOutputs ?? [],
      ...(evm.length > 0 ? { sources: evm.map(fromEvmSource) } : {}),
    },
    markers: entry.Tags.filter(isMarker),
    walletVkey: entry.SmartContractWallet?.walletVkey ?? "",
    walletAddress: entry.SmartContractWallet?.walletAddress ?? "",
    ...(entry.RecipientWallet ? { hasRecipient: true } : {}),
    sourceAddress: sources.map(({ address }) => address ?? "").join(" "),
    agentIdentifier: entry.agentIdentifier ?? "",
    txHash: transaction?.txHash ?? "",
    feeLovelace: transaction?.fees ?? "",
    lockedLovelace: entry.sendFundingLovelace ?? String(LOVELACE_PER_TOKEN),
    createdAt: entry.createdAt,
    updatedAt: entry.updatedAt,
  };
}

type Source = NonNullable<RegistryEntry["supportedPaymentSources"]>[number];
const isEvm = (source: Source): source is EvmSource => source.chain === "EVM";

function fromEndpoint(
  entry: RegistryEntry,
): Pick<Listing, "type" | "apiBaseUrl" | "documentUrl" | "protocolVersions"> {
  const { type, apiBaseUrl } = entry;
  if (!type || type === "Standard") return { apiBaseUrl: apiBaseUrl ?? "" };
  const listed = LISTING_TYPES[type];
  if (listed === "standard") return { apiBaseUrl: apiBaseUrl ?? "" };
  const documentUrl = entry[DOCUMENT_OF[type]] ?? "";
  return {
    type: listed,
    apiBaseUrl: hasApiBaseUrl(listed) ? (apiBaseUrl ?? "") : baseUrlOf(listed, documentUrl),
    documentUrl,
    ...(type === "A2A" ? { protocolVersions: entry.a2aProtocolVersions ?? [] } : {}),
  };
}

const AUTHOR_TEXTS = ["contactEmail", "contactOther", "organization"] as const;
const LEGAL_TEXTS = ["privacyPolicy", "terms", "other"] as const;

const fromOptional = <Key extends string>(
  texts: { readonly [K in Key]?: string | null | undefined },
  keys: readonly Key[],
) =>
  Object.fromEntries(keys.flatMap((key) => (texts[key] ? [[key, texts[key]]] : []))) as {
    [K in Key]?: string;
  };

function fromV1Pricing(pricing: RegistryEntry["AgentPricing"]): Pricing {
  return fromPricing(pricing?.pricingType, pricing?.Pricing ?? []);
}

/** Returns the prices of all Cardano sources together, so any besides ours shows up as a difference. */
function fromSources(sources: readonly Exclude<Source, EvmSource>[]): Pricing {
  const fixed = sources.flatMap(({ pricing }) => pricing?.fixed ?? []);
  return fromPricing(
    sources[0]?.pricing?.pricingType,
    fixed.map(({ asset, amount }) => ({ unit: asset, amount })),
  );
}

function fromPricing(pricingType: string | undefined, prices: readonly Price[]): Pricing {
  if (pricingType === PRICING_TYPES.free) return { type: "free" };
  if (pricingType === PRICING_TYPES.dynamic) return { type: "dynamic" };
  return { type: "fixed", prices: prices.map(({ amount, unit }) => ({ amount, unit })) };
}
