import type { Listing } from "../../providers/masumi/service/index.ts";
import type { Agent } from "../declarations/index.ts";

/** What goes on the chain about an agent, apart from the URL it is reached at. */
export function listingOf(agent: Agent): Omit<Listing, "apiBaseUrl"> {
  const { name, description, capability, tags, author, legal, exampleOutputs } = agent;
  return {
    name,
    description,
    capability,
    tags,
    author,
    legal,
    pricing: onChainPricing(agent),
    exampleOutputs,
  };
}

/** The price without the words for people, which are not on the chain. */
function onChainPricing({ pricing }: Agent): Listing["pricing"] {
  if (pricing.type !== "fixed") return pricing;
  return { type: pricing.type, prices: pricing.prices.map(({ amount, unit }) => ({ amount, unit })) };
}
