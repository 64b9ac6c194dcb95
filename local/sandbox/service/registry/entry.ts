import type { AgentPricing, Listing, SupportedPaymentSource } from "../../store/listing.ts";
import type { Registration } from "../../store/registrations.ts";
import type { Unordered } from "../../shuffle.ts";
import { hasA2A, hasEntryTypes, type World } from "../../world.ts";
import type { Service } from "../endpoint.ts";

const iso = (time: number) => new Date(time).toISOString();

function walletOf(world: World, vkey: string | null) {
  const wallet = world.wallets.find((candidate) => candidate.vkey === vkey);
  return wallet ? { walletVkey: wallet.vkey, walletAddress: wallet.address } : null;
}

/** Prices have no order in the service's database. */
function pricingIn(unordered: Unordered, pricing: AgentPricing | null): AgentPricing | null {
  return pricing?.pricingType === "Fixed" ? { ...pricing, Pricing: unordered(pricing.Pricing) } : pricing;
}

function sourceIn(unordered: Unordered, source: SupportedPaymentSource): SupportedPaymentSource {
  if (source.chain === "EVM" || source.pricing.pricingType !== "Fixed") return source;
  const { pricing } = source;
  return { ...source, pricing: { ...pricing, fixed: unordered(pricing.fixed) } };
}

/** How an agent is reached: since 0.29 an entry says of which type it is, and has one of three URLs; since 0.30 there is a fourth. */
function endpointOf(
  { type = "Standard", apiBaseUrl, openApiSpecUrl, x402ResourcesUrl, ...a2a }: Listing,
  world: World,
) {
  if (!hasEntryTypes(world.dialect)) return { apiBaseUrl };
  return {
    type,
    apiBaseUrl,
    openApiSpecUrl: openApiSpecUrl ?? null,
    x402ResourcesUrl: x402ResourcesUrl ?? null,
    ...(hasA2A(world.dialect)
      ? { a2aAgentCardUrl: a2a.a2aAgentCardUrl ?? null, a2aProtocolVersions: a2a.a2aProtocolVersions ?? [] }
      : {}),
  };
}

/** A registry entry as the service shows it; the order of the fields is the service's. */
export function toEntry(row: Registration, { world, unordered }: Pick<Service, "world" | "unordered">) {
  const { listing } = row;
  return {
    error: row.error,
    id: row.id,
    name: listing.name,
    description: listing.description,
    ...endpointOf(listing, world),
    Capability: listing.Capability,
    Author: listing.Author,
    Legal: listing.Legal,
    state: row.state,
    Tags: listing.Tags,
    createdAt: iso(row.createdAt),
    updatedAt: iso(row.updatedAt),
    lastCheckedAt: null,
    ExampleOutputs: listing.ExampleOutputs,
    agentIdentifier: row.agentIdentifier,
    AgentPricing: pricingIn(unordered, listing.AgentPricing),
    sendFundingLovelace: row.sendFundingLovelace,
    supportedPaymentSources:
      listing.supportedPaymentSources?.map((source) => sourceIn(unordered, source)) ?? null,
    verifications: listing.verifications,
    SmartContractWallet: walletOf(world, row.wallet),
    RecipientWallet: walletOf(world, row.recipient),
    CurrentTransaction: row.transaction,
    ...listing.shownAs,
  };
}
