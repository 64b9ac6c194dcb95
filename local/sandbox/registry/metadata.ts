import type { Listing } from "../store/listing.ts";
import type { Registration } from "../store/registrations.ts";
import { type Dialect, hasA2A, isOf2025 } from "../world.ts";

const IMAGE = "ipfs://QmXXW7tmBgpQpXoJMAMEXXFe9dyQcrLFKGuzxnHDnbKC7f";

function withoutNulls<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null)) as Partial<T>;
}

/** What a mint writes on the chain about an agent, in the shape in which the service reads it back. */
export function onChainMetadata({ listing, type }: Pick<Registration, "listing" | "type">): unknown {
  const legal = withoutNulls<Listing["Legal"]>(listing.Legal);
  const { openApiSpecUrl, x402ResourcesUrl, a2aAgentCardUrl, a2aProtocolVersions } = listing;
  return {
    ...(listing.type === undefined || listing.type === "Standard" ? {} : { type: listing.type }),
    name: listing.name,
    description: listing.description,
    apiBaseUrl: listing.apiBaseUrl,
    ...(openApiSpecUrl ? { openApiSpecUrl } : {}),
    ...(x402ResourcesUrl ? { x402ResourcesUrl } : {}),
    ...(a2aAgentCardUrl ? { a2aAgentCardUrl, a2aProtocolVersions } : {}),
    ExampleOutputs: listing.ExampleOutputs.map(({ name, mimeType, url }) => ({ name, mimeType, url })),
    Tags: listing.Tags,
    Capability: listing.Capability,
    Author: withoutNulls<Listing["Author"]>(listing.Author),
    ...(Object.keys(legal).length > 0 ? { Legal: legal } : {}),
    AgentPricing: listing.AgentPricing,
    image: IMAGE,
    metadataVersion: type === "Web3CardanoV1" ? 1 : 2,
    supportedPaymentSources: listing.supportedPaymentSources,
    verifications: listing.verifications,
  };
}

/** What one text of a transaction's metadata may have at most, in bytes of UTF-8. */
const LARGEST_METADATUM = 64;
const PIECE = 60;

/** The pieces in which the releases up to 0.27 put a text on the chain: UTF-16 units are counted, not bytes. */
const piecesOf = (text: string) =>
  Array.from({ length: Math.ceil(text.length / PIECE) }, (_, index) =>
    text.slice(index * PIECE, (index + 1) * PIECE),
  );

/** All texts of a listing except its tags. */
const proseOf = ({ name, description, apiBaseUrl, Capability, Author, Legal, ExampleOutputs }: Listing) =>
  [
    name,
    description,
    apiBaseUrl,
    ...[Capability, Author, Legal, ...ExampleOutputs].flatMap((part) => Object.values(part)),
  ].filter((text) => text !== null);

/**
 * The reason for which the chain refuses a listing, if it does: a text that is longer than the ledger allows. The service
 * puts tags on the chain as they are; other texts in pieces, which since 0.28 are short enough.
 */
export function refusalOfTexts(listing: Listing, dialect: Dialect): string | undefined {
  const pieces = isOf2025(dialect) ? proseOf(listing).flatMap(piecesOf) : [];
  const long = [...listing.Tags, ...pieces].find((text) => Buffer.byteLength(text) > LARGEST_METADATUM);
  if (long === undefined) return undefined;
  return (
    `Evaluate redeemers failed: MAX_LENGTH_LIMIT (Metadatum value '${long}' is too long. ` +
    `Length is ${Buffer.byteLength(long)}. Max length is ${LARGEST_METADATUM} bytes)`
  );
}

/**
 * Whether the service can read what is written on the chain; anything else it answers with 422. That includes agents
 * without an apiBaseUrl: 0.29 registers them, but its readers of the chain still insist on one. 0.30 reads them.
 */
export function isReadableMetadata(metadata: unknown, dialect: Dialect): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  const { name, apiBaseUrl, openApiSpecUrl, x402ResourcesUrl, Tags } = metadata as Record<string, unknown>;
  const urls = hasA2A(dialect) ? [apiBaseUrl, openApiSpecUrl, x402ResourcesUrl] : [apiBaseUrl];
  return typeof name === "string" && urls.some((url) => typeof url === "string") && Array.isArray(Tags);
}
