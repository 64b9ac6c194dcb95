import type { Registration } from "../store/registrations.ts";
import type { World } from "../world.ts";

const iso = (time: number) => new Date(time).toISOString();

function walletOf(world: World, vkey: string | null) {
  const wallet = world.wallets.find((candidate) => candidate.vkey === vkey);
  return wallet ? { walletVkey: wallet.vkey, walletAddress: wallet.address } : null;
}

/** A registry entry as the service of 0.28 shows it; the order of the fields is the service's. */
export function toEntry(row: Registration, world: World) {
  const { listing } = row;
  return {
    error: row.error,
    id: row.id,
    name: listing.name,
    description: listing.description,
    apiBaseUrl: listing.apiBaseUrl,
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
    AgentPricing: listing.AgentPricing,
    sendFundingLovelace: row.sendFundingLovelace,
    supportedPaymentSources: listing.supportedPaymentSources,
    verifications: listing.verifications,
    SmartContractWallet: walletOf(world, row.wallet),
    RecipientWallet: walletOf(world, row.recipient),
    CurrentTransaction: row.transaction,
  };
}
