import type { Listing } from "../store/listing.ts";
import type { Registration } from "../store/registrations.ts";

const IMAGE = "ipfs://QmXXW7tmBgpQpXoJMAMEXXFe9dyQcrLFKGuzxnHDnbKC7f";

function withoutNulls<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null)) as Partial<T>;
}

/** What a mint writes on the chain about an agent, in the shape in which the service reads it back. */
export function onChainMetadata({ listing, type }: Pick<Registration, "listing" | "type">): unknown {
  const legal = withoutNulls<Listing["Legal"]>(listing.Legal);
  return {
    name: listing.name,
    description: listing.description,
    apiBaseUrl: listing.apiBaseUrl,
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

/** Whether the service can read what is written on the chain; anything else it answers with 422. */
export function isReadableMetadata(metadata: unknown): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  const { name, apiBaseUrl, Tags } = metadata as Record<string, unknown>;
  return typeof name === "string" && typeof apiBaseUrl === "string" && Array.isArray(Tags);
}
