import { z } from "zod";
import { hasPaymentKey, isAddressOf, POLICY_ID_LENGTH, randomHex } from "../../chain/cardano.ts";
import { isHex, makeIdentifier, newSellerIdentifier, v2Terms } from "../../escrow/signed-identifier.ts";
import { isReadableMetadata } from "../../registry/metadata.ts";
import type { Amount } from "../../store/payment-request.ts";
import type { PaymentSource, Wallet } from "../../world.ts";
import {
  type AgentMetadata,
  isV2,
  plainUnit,
  type Pricing,
  pricingOf,
  requireSource,
  requireUsableTimes,
  wholeNumber,
} from "./agent-pricing.ts";
import { type Call, scopeOf } from "../endpoint.ts";
import { badRequest, notFound, unexpected } from "../errors.ts";
import { agentIdentifier, amounts, network, paymentSourceType, text250, time } from "../fields.ts";
import { lookUp } from "../look-up.ts";

const HOUR = 3_600_000;
/** What the service means as twelve hours from now is twelve hours after 1970. */
const DEFAULT_TIME = new Date(12 * HOUR).toISOString();

export const paymentSchema = z
  .object({
    inputHash: text250,
    network,
    agentIdentifier,
    paymentSourceType: paymentSourceType.optional(),
    supportedPaymentSourceIndex: z.int().min(0).max(24).optional(),
    RequestedFunds: amounts,
    payByTime: time.default(DEFAULT_TIME),
    submitResultTime: time.default(DEFAULT_TIME),
    unlockTime: time.optional(),
    externalDisputeUnlockTime: time.optional(),
    metadata: z.string().optional(),
    sellerReturnAddress: text250.optional(),
    identifierFromPurchaser: z.string().min(14).max(26),
  })
  .refine(
    ({ network: name, sellerReturnAddress }) =>
      sellerReturnAddress === undefined || isAddressOf(name, sellerReturnAddress),
    {
      message: "sellerReturnAddress is not a valid Cardano address for the configured network",
      path: ["sellerReturnAddress"],
    },
  );
export type PaymentInput = z.output<typeof paymentSchema>;

interface Deadlines {
  readonly payByTime: number;
  readonly submitResultTime: number;
  readonly unlockTime: number;
  readonly externalDisputeUnlockTime: number;
}

function deadlinesOf(input: PaymentInput, now: number): Deadlines {
  const payByTime = Date.parse(input.payByTime);
  const submitResultTime = Date.parse(input.submitResultTime);
  const unlockTime = input.unlockTime ? Date.parse(input.unlockTime) : submitResultTime + 6 * HOUR;
  const externalDisputeUnlockTime = input.externalDisputeUnlockTime
    ? Date.parse(input.externalDisputeUnlockTime)
    : submitResultTime + 12 * HOUR;
  const times = {
    payBy: BigInt(payByTime),
    submitResult: BigInt(submitResultTime),
    unlock: BigInt(unlockTime),
    externalDisputeUnlock: BigInt(externalDisputeUnlockTime),
  };
  requireUsableTimes(times, BigInt(now));
  return { payByTime, submitResultTime, unlockTime, externalDisputeUnlockTime };
}

/** What the chain says of an agent, and the address that holds its token. */
function agentOnChain(call: Call, unit: string): { agent: AgentMetadata; holder: string } {
  const asset = lookUp(call, unit);
  if (!asset) throw unexpected();
  if (asset.holder === null) throw notFound("Agent identifier not found");
  if (asset.metadata === null) throw notFound("Agent registry metadata not found");
  if (!isReadableMetadata(asset.metadata, call.world.dialect))
    throw notFound("Agent registry metadata not valid");
  return { agent: asset.metadata as AgentMetadata, holder: asset.holder };
}

/** The contract that is to be paid into, and the price there. */
function contractAndPricing(call: Call, input: PaymentInput, registry: PaymentSource, agent: AgentMetadata) {
  const index = input.supportedPaymentSourceIndex;
  if (!isV2(registry.paymentSourceType)) {
    if (index !== undefined) {
      throw badRequest(
        "V1 Cardano payments must not set supportedPaymentSourceIndex; pricing comes from AgentPricing",
      );
    }
    return { source: registry, pricing: pricingOf(agent) };
  }
  if (index === undefined) {
    throw badRequest(
      "V2 Cardano payments require supportedPaymentSourceIndex to select a priced Cardano source",
    );
  }
  const selected = requireSource(agent.supportedPaymentSources?.[index], { index, network: input.network });
  if (!isV2(selected.paymentSourceType as PaymentSource["paymentSourceType"]))
    throw badRequest("Selected Cardano payment source settlement is incomplete or unsupported");
  const source = call.world.paymentSources.find(
    (one) =>
      one.network === input.network &&
      one.smartContractAddress === selected.address &&
      isV2(one.paymentSourceType),
  );
  if (!source) throw notFound("Selected Cardano payment source is not configured on this node");
  return { source, pricing: pricingOf(agent, index) };
}

function fundsOf(pricing: Pricing | undefined, given: PaymentInput["RequestedFunds"]) {
  if (!pricing) throw badRequest("Selected payment source does not advertise valid Cardano pricing");
  if (pricing.pricingType === "Free") throw badRequest("Pricing type not supported for payments");
  if (pricing.pricingType === "Fixed") {
    if (given) throw badRequest("For fixed pricing, RequestedFunds must be null");
    return pricing.prices;
  }
  if (!given || given.length === 0) throw badRequest("For dynamic pricing, RequestedFunds must be provided");
  if (given.some(({ amount }) => wholeNumber(amount) <= 0n))
    throw badRequest("RequestedFunds amounts must be positive");
  return given.map(({ amount, unit }) => ({ amount, unit: plainUnit(unit) }));
}

function sellingWallet(call: Call, source: PaymentSource, holder: string): Wallet {
  const wallet = source.wallets.find(({ address, type }) => type === "Selling" && address === holder);
  if (!wallet) throw notFound("Selling wallet not found");
  const scope = scopeOf(call.key);
  if (scope && !scope.includes(wallet.vkey)) throw notFound("Not found");
  return wallet;
}

/** What a seller offers by a payment. */
export interface PaymentTerms {
  readonly agent: AgentMetadata;
  readonly source: PaymentSource;
  readonly seller: Wallet;
  readonly pricing: Pricing | undefined;
  readonly funds: readonly Amount[];
  readonly deadlines: Deadlines;
  readonly sellerReturnAddress: string | null;
}

/** Checks that the key may sell for the agent on these terms; the order of the refusals is the service's. */
export function offeredTerms(call: Call, input: PaymentInput, now: number): PaymentTerms {
  const policyId = input.agentIdentifier.slice(0, POLICY_ID_LENGTH);
  const registry = call.world.paymentSources.find(
    (source) => source.network === input.network && source.policyId === policyId,
  );
  if (!registry) throw notFound("Network and policyId combination not supported");
  if (input.paymentSourceType && input.paymentSourceType !== registry.paymentSourceType)
    throw badRequest("paymentSourceType does not match the agent registry source");
  if (!isHex(input.identifierFromPurchaser))
    throw badRequest("Purchaser identifier is not a valid hex string");
  if (!isHex(input.inputHash)) throw badRequest("Input hash is not a valid hex string");
  const deadlines = deadlinesOf(input, now);
  const { agent, holder } = agentOnChain(call, input.agentIdentifier);
  const { source, pricing } = contractAndPricing(call, input, registry, agent);
  const funds = fundsOf(pricing, input.RequestedFunds);
  const seller = sellingWallet(call, source, holder);
  const sellerReturnAddress = input.sellerReturnAddress ?? null;
  if (
    isV2(source.paymentSourceType) &&
    sellerReturnAddress !== null &&
    !hasPaymentKey(input.network, sellerReturnAddress)
  ) {
    throw badRequest(
      "sellerReturnAddress must be a Cardano base or enterprise address with a payment key credential",
    );
  }
  return { agent, source, seller, pricing, funds, deadlines, sellerReturnAddress };
}

/** The identifier of the payment: the terms, signed for the seller's wallet. */
export function signTerms(
  input: PaymentInput,
  { source, seller, pricing, funds, deadlines, sellerReturnAddress }: PaymentTerms,
): string {
  const terms = {
    inputHash: input.inputHash,
    agentIdentifier: input.agentIdentifier,
    purchaserIdentifier: input.identifierFromPurchaser,
    sellerIdentifier: newSellerIdentifier(randomHex(16), input.agentIdentifier),
    RequestedFunds: pricing?.pricingType === "Dynamic" ? funds : null,
    payByTime: String(deadlines.payByTime),
    submitResultTime: String(deadlines.submitResultTime),
    unlockTime: String(deadlines.unlockTime),
    externalDisputeUnlockTime: String(deadlines.externalDisputeUnlockTime),
    sellerAddress: seller.address,
    ...v2Terms(source.paymentSourceType, {
      contract: source.smartContractAddress,
      sellerReturnAddress,
      index: input.supportedPaymentSourceIndex,
    }),
  };
  return makeIdentifier(terms, seller);
}
