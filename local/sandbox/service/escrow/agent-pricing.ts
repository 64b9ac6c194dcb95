import type { Network, PaymentSourceType } from "../../chain/cardano.ts";
import type { Listing, SupportedPaymentSource } from "../../store/listing.ts";
import type { Amount } from "../../store/payment-request.ts";
import { badRequest, unexpected } from "../errors.ts";

export interface Pricing {
  readonly pricingType: "Fixed" | "Free" | "Dynamic";
  /** Of fixed prices. */
  readonly prices: readonly Amount[];
}

export type AgentMetadata = Pick<Listing, "name" | "AgentPricing" | "supportedPaymentSources">;

export const plainUnit = (unit: string) => (unit.toLowerCase() === "lovelace" ? "" : unit);

/** The price of an agent as the chain has it: of one of its payment sources, else the one for all. */
export function pricingOf(agent: AgentMetadata, index?: number): Pricing | undefined {
  const sources = agent.supportedPaymentSources ?? [];
  const source = index === undefined ? sources.find(({ chain }) => chain === "Cardano") : sources[index];
  if (index !== undefined && source === undefined) return undefined;
  if (source) {
    const { pricing } = source;
    const fixed = pricing.pricingType === "Fixed" ? pricing.fixed : [];
    return {
      pricingType: pricing.pricingType,
      prices: fixed.map(({ asset, amount }) => ({ unit: plainUnit(asset), amount })),
    };
  }
  const pricing = agent.AgentPricing;
  if (!pricing) return undefined;
  const prices = pricing.pricingType === "Fixed" ? pricing.Pricing : [];
  return {
    pricingType: pricing.pricingType,
    prices: prices.map(({ unit, amount }) => ({ unit: plainUnit(unit), amount })),
  };
}

/** A whole number in digits; anything else the service trips over. */
export function wholeNumber(text: string): bigint {
  try {
    return BigInt(text);
  } catch {
    throw unexpected();
  }
}

/** The payment source of a V2 agent that a request selects. */
export function requireSource(
  source: SupportedPaymentSource | undefined,
  { index, network }: { index: number | undefined; network: Network },
): SupportedPaymentSource {
  if (!source) {
    throw badRequest(
      index === undefined
        ? "Agent metadata does not advertise a Cardano payment source"
        : `supportedPaymentSourceIndex ${index} is not advertised by this agent`,
    );
  }
  if (source.chain !== "Cardano")
    throw badRequest(`supportedPaymentSourceIndex ${index} does not select a Cardano payment source`);
  if (source.network !== network)
    throw badRequest("Selected Cardano payment source network does not match the request network");
  return source;
}

const MINUTE = 60_000n;

export interface Times {
  readonly payBy: bigint;
  readonly submitResult: bigint;
  readonly unlock: bigint;
  readonly externalDisputeUnlock: bigint;
}

/** The distances between the times of an escrow; the order of the refusals is the service's. */
export function requireUsableTimes(
  { payBy, submitResult, unlock, externalDisputeUnlock }: Times,
  now: bigint,
) {
  if (payBy > submitResult - 5n * MINUTE)
    throw badRequest("Pay by time must be before submit result time (min. 5 minutes)");
  if (payBy < now - 5n * MINUTE) throw badRequest("Pay by time must be in the future (max. 5 minutes)");
  if (externalDisputeUnlock < unlock + 15n * MINUTE) {
    throw badRequest("External dispute unlock time must be after unlock time (min. 15 minutes difference)");
  }
  if (submitResult < now + 15n * MINUTE)
    throw badRequest("Submit result time must be in the future (min. 15 minutes)");
  if (submitResult > unlock - 15n * MINUTE) {
    throw badRequest("Submit result time must be before unlock time with at least 15 minutes difference");
  }
}

export const isV2 = (type: PaymentSourceType) => type === "Web3CardanoV2";
