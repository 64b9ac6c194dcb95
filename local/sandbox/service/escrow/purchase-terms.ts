import { z } from "zod";
import { hasPaymentKey, isAddressOf, POLICY_ID_LENGTH } from "../../chain/cardano.ts";
import {
  type BlockchainIdentifier,
  isHex,
  isSigned,
  keyOfWallet,
  readIdentifier,
  v2Terms,
} from "../../escrow/signed-identifier.ts";
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
  type Times,
  wholeNumber,
} from "./agent-pricing.ts";
import type { Call } from "../endpoint.ts";
import { badRequest, notFound, unexpected } from "../errors.ts";
import { agentIdentifier, amounts, network, paymentSourceType, text250 } from "../fields.ts";
import { lookUp } from "../look-up.ts";

const addressProblem = (field: string) => ({
  message: `${field} is not a valid Cardano address for the configured network`,
  path: [field],
});

export const purchaseSchema = z
  .object({
    blockchainIdentifier: z.string().max(8000),
    network,
    paymentSourceType: paymentSourceType.optional(),
    smartContractAddress: text250.optional(),
    supportedPaymentSourceIndex: z.int().min(0).max(24).optional(),
    inputHash: text250,
    sellerVkey: text250,
    agentIdentifier,
    Amounts: amounts,
    unlockTime: z.string(),
    externalDisputeUnlockTime: z.string(),
    submitResultTime: z.string(),
    payByTime: z.string(),
    metadata: z.string().optional(),
    buyerReturnAddress: text250.optional(),
    sellerReturnAddress: text250.optional(),
    identifierFromPurchaser: z.string().min(14).max(26),
  })
  .refine(
    ({ network: name, buyerReturnAddress: address }) => address === undefined || isAddressOf(name, address),
    addressProblem("buyerReturnAddress"),
  )
  .refine(
    ({ network: name, sellerReturnAddress: address }) => address === undefined || isAddressOf(name, address),
    addressProblem("sellerReturnAddress"),
  );
export type PurchaseInput = z.output<typeof purchaseSchema>;

/** Reads an identifier; half a unit of the compression is what the service trips over. */
function decode(text: string): BlockchainIdentifier {
  if (Buffer.from(text, "hex").length % 2 === 1) throw unexpected();
  const decoded = readIdentifier(text);
  if (!decoded) throw badRequest("Invalid blockchain identifier, format invalid");
  return decoded;
}

/** The payment source of the purchase; the identifier tells V1 and V2 apart. */
function sourceFor(call: Call, input: PurchaseInput, decoded: BlockchainIdentifier): PaymentSource {
  const type = decoded.smartContractAddress === null ? "Web3CardanoV1" : "Web3CardanoV2";
  if (input.paymentSourceType && input.paymentSourceType !== type)
    throw badRequest("Payment source type does not match the blockchain identifier");
  if (!isV2(type) && input.supportedPaymentSourceIndex !== undefined) {
    throw badRequest(
      "V1 Cardano purchases must not set supportedPaymentSourceIndex; pricing comes from AgentPricing",
    );
  }
  const isOtherContract =
    Boolean(input.smartContractAddress) && input.smartContractAddress !== decoded.smartContractAddress;
  if (isV2(type) && isOtherContract)
    throw badRequest("Invalid blockchain identifier, smartContractAddress mismatch");
  const policyId = input.agentIdentifier.slice(0, POLICY_ID_LENGTH);
  const source = call.world.paymentSources.find(
    (one) =>
      one.network === input.network &&
      one.policyId === policyId &&
      one.paymentSourceType === type &&
      (!isV2(type) || one.smartContractAddress === decoded.smartContractAddress),
  );
  if (!isHex(input.inputHash)) throw badRequest("Input hash is not a valid hex string");
  if (!source) {
    throw notFound(
      isV2(type)
        ? "No configured V2 payment source found for smartContractAddress"
        : "No payment source found for agent identifiers policy id",
    );
  }
  if (!source.wallets.some((wallet) => wallet.type === "Purchasing"))
    throw notFound("No valid purchasing wallets found");
  return source;
}

/** The agent on the chain, and the wallet that sells for it. */
function sellerOf(call: Call, input: PurchaseInput, source: PaymentSource) {
  const asset = lookUp(call, input.agentIdentifier);
  if (!asset) throw unexpected();
  if (asset.holder === null) throw notFound("Agent identifier not found");
  const seller = source.wallets.find(({ address }) => address === asset.holder);
  if (!seller || seller.vkey !== input.sellerVkey) throw badRequest("Invalid seller vkey");
  if (asset.metadata === null) throw notFound("Agent identifier not found");
  if (!isReadableMetadata(asset.metadata, call.world.dialect))
    throw notFound("Agent identifier metadata invalid or unsupported");
  return { seller, agent: asset.metadata as AgentMetadata };
}

function requireAgreedSource(
  input: PurchaseInput,
  agent: AgentMetadata,
  { smartContractAddress }: BlockchainIdentifier,
): void {
  const index = input.supportedPaymentSourceIndex;
  const sources = agent.supportedPaymentSources ?? [];
  const selected = requireSource(
    index === undefined ? sources.find(({ chain }) => chain === "Cardano") : sources[index],
    { index, network: input.network },
  );
  if (selected.paymentSourceType !== "Web3CardanoV2" || selected.address !== smartContractAddress) {
    throw badRequest(
      "Selected Cardano payment source settlement does not match the signed smartContractAddress",
    );
  }
}

/** Amounts by unit, equal units added. */
function sums(list: readonly Amount[]): Map<string, bigint> {
  const total = new Map<string, bigint>();
  for (const { unit, amount } of list) {
    const plain = plainUnit(unit);
    total.set(plain, (total.get(plain) ?? 0n) + wholeNumber(amount));
  }
  return total;
}

/** What is to be paid: the agent's prices, or what a dynamic price came to. */
function costOf(pricing: Pricing | undefined, given: PurchaseInput["Amounts"]): Map<string, bigint> {
  if (!pricing) throw badRequest("Agent metadata does not advertise any pricing");
  if (pricing.pricingType === "Free") throw badRequest("Agent identifier pricing type not supported");
  if (pricing.pricingType === "Dynamic") {
    if (!given || given.length === 0) throw badRequest("For dynamic pricing, Amounts must be provided");
    if (given.some(({ amount }) => wholeNumber(amount) <= 0n)) throw badRequest("Amounts must be positive");
    return sums(given);
  }
  const cost = sums(pricing.prices);
  if (!given) return cost;
  const offered = sums(given);
  if (offered.size !== cost.size || [...cost].some(([unit, amount]) => offered.get(unit) !== amount))
    throw badRequest("Provided Amounts do not match the fixed pricing of the agent");
  return cost;
}

/** The identifier must be the seller's signature of exactly these terms. */
function requireSignedTerms(
  input: PurchaseInput,
  decoded: BlockchainIdentifier,
  { seller, source, pricing }: { seller: Wallet; source: PaymentSource; pricing: Pricing },
): void {
  const invalid = (what: string) => badRequest(`Invalid blockchain identifier, ${what}`);
  if (decoded.purchaserIdentifier !== input.identifierFromPurchaser) throw invalid("purchaser id mismatch");
  if (decoded.agentIdentifier !== input.agentIdentifier) throw invalid("agent identifier mismatch");
  const key = keyOfWallet(decoded, seller);
  if (key === undefined) throw invalid("key does not match");
  const isDynamic = pricing.pricingType === "Dynamic";
  const terms = {
    inputHash: input.inputHash,
    agentIdentifier: input.agentIdentifier,
    purchaserIdentifier: decoded.purchaserIdentifier,
    sellerIdentifier: decoded.sellerIdentifier,
    RequestedFunds:
      isDynamic && input.Amounts
        ? input.Amounts.map(({ amount, unit }) => ({ amount, unit: plainUnit(unit) }))
        : null,
    payByTime: input.payByTime,
    submitResultTime: input.submitResultTime,
    unlockTime: wholeNumber(input.unlockTime).toString(),
    externalDisputeUnlockTime: wholeNumber(input.externalDisputeUnlockTime).toString(),
    sellerAddress: seller.address,
    ...v2Terms(source.paymentSourceType, {
      contract: decoded.smartContractAddress,
      sellerReturnAddress: input.sellerReturnAddress ?? null,
      index: input.supportedPaymentSourceIndex,
    }),
  };
  if (!isSigned(terms, decoded, key)) throw invalid("signature invalid");
}

function requireKeyAddresses(input: PurchaseInput): void {
  for (const field of ["buyerReturnAddress", "sellerReturnAddress"] as const) {
    const address = input[field];
    if (address !== undefined && !hasPaymentKey(input.network, address)) {
      throw badRequest(`${field} must be a Cardano base or enterprise address with a payment key credential`);
    }
  }
}

/** What buyer and seller agree on by a purchase. */
export interface PurchaseTerms {
  readonly source: PaymentSource;
  readonly seller: Wallet;
  readonly agent: AgentMetadata;
  readonly pricing: Pricing | undefined;
  readonly cost: ReadonlyMap<string, bigint>;
  readonly times: Times;
  /** What the deadlines are ahead of the chain's deadline time. */
  readonly chainOffset: number;
}

/** Checks that the purchase is what the seller has signed and the agent costs; the order of the refusals is the service's. */
export function agreedTerms(call: Call, input: PurchaseInput, now: number): PurchaseTerms {
  const decoded = decode(input.blockchainIdentifier);
  const source = sourceFor(call, input, decoded);
  // The seller's service has put the terms on the chain's time; a payment of elsewhere starts here.
  const payment = call.store.payments.byIdentifier(input.blockchainIdentifier);
  const chainOffset = payment?.isDriven ? payment.chainOffset : call.deadlineTime() - now;
  const times = {
    payBy: wholeNumber(input.payByTime),
    submitResult: wholeNumber(input.submitResultTime),
    unlock: wholeNumber(input.unlockTime),
    externalDisputeUnlock: wholeNumber(input.externalDisputeUnlockTime),
  };
  requireUsableTimes(times, BigInt(call.deadlineTime() - chainOffset));
  const { seller, agent } = sellerOf(call, input, source);
  if (isV2(source.paymentSourceType)) requireAgreedSource(input, agent, decoded);
  const pricing = pricingOf(agent, input.supportedPaymentSourceIndex);
  const cost = costOf(pricing, input.Amounts);
  if (pricing) requireSignedTerms(input, decoded, { seller, source, pricing });
  if (isV2(source.paymentSourceType)) requireKeyAddresses(input);
  return { source, seller, agent, pricing, cost, times, chainOffset };
}
