import { z } from "zod";
import { hasPaymentKey, isAddressOf, POLICY_ID_LENGTH, randomHex } from "../../chain/cardano.ts";
import { isHex, makeIdentifier, newSellerIdentifier, v2Terms } from "../../escrow/signed-identifier.ts";
import { isReadableMetadata } from "../../registry/metadata.ts";
import { type EscrowRequest, nextAction, type OnChainState } from "../../store/payment-request.ts";
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
import { lookUp } from "../tokens.ts";
import { type Call, endpoint, requireNetwork, scopeOf } from "../endpoint.ts";
import { badRequest, notFound, unexpected } from "../errors.ts";
import { agentIdentifier, amounts, network, paymentSourceType, text250, time } from "../fields.ts";
import { toPayment } from "./request-entry.ts";
import { identifierSchema, waitingRequest } from "./waiting-request.ts";

const HOUR = 3_600_000;
/** What the service means as twelve hours from now is twelve hours after 1970. */
const DEFAULT_TIME = new Date(12 * HOUR).toISOString();

const paymentSchema = z
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
type PaymentInput = z.output<typeof paymentSchema>;

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
  if (!isReadableMetadata(asset.metadata)) throw notFound("Agent registry metadata not valid");
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

/** POST /payment: the same request twice makes two payments. */
export const createPayment = endpoint("pay", paymentSchema, (input, call) => {
  requireNetwork(call, input.network);
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
  const now = call.now();
  const deadlines = deadlinesOf(input, now);
  const { agent, holder } = agentOnChain(call, input.agentIdentifier);
  const { source, pricing } = contractAndPricing(call, input, registry, agent);
  const funds = fundsOf(pricing, input.RequestedFunds);
  const seller = sellingWallet(call, source, holder);
  const sellerReturnAddress = input.sellerReturnAddress ?? null;
  const type = source.paymentSourceType;
  if (isV2(type) && sellerReturnAddress !== null && !hasPaymentKey(input.network, sellerReturnAddress)) {
    throw badRequest(
      "sellerReturnAddress must be a Cardano base or enterprise address with a payment key credential",
    );
  }
  const contract = source.smartContractAddress;
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
    ...v2Terms(type, { contract, sellerReturnAddress, index: input.supportedPaymentSourceIndex }),
  };
  const payment = call.store.payments.insert({
    id: call.newId(),
    network: input.network,
    type,
    contract,
    wallet: seller.vkey,
    otherWallet: null,
    owner: call.key.id,
    createdAt: now,
    agentIdentifier: input.agentIdentifier,
    agentName: agent.name,
    pricingType: pricing?.pricingType ?? "Fixed",
    funds: funds.map(({ amount, unit }) => ({ amount: wholeNumber(amount).toString(), unit })),
    blockchainIdentifier: makeIdentifier(terms, seller),
    inputHash: input.inputHash,
    resultHash: "",
    requestedAction: "WaitingForExternalAction",
    ...deadlines,
    buyerReturnAddress: null,
    sellerReturnAddress,
    metadata: input.metadata ?? null,
    walletScope: null,
    isDriven: true,
    chainOffset: call.deadlineTime() - now,
    requestedAt: call.chainNow(),
  });
  return toPayment(payment, call, "no history fields");
});

const waitingPayment = (
  call: Call,
  input: z.output<typeof identifierSchema>,
  states: readonly OnChainState[],
  what: string,
) =>
  waitingRequest(call, call.store.payments, input, states, {
    missing: "Payment not found or in invalid state",
    forbidden: `You are not authorized to ${what} this payment`,
  });

function ask(
  call: Call,
  payment: EscrowRequest,
  action: EscrowRequest["requestedAction"],
  resultHash?: string,
) {
  const change = nextAction(payment, action, resultHash === undefined ? {} : { resultHash });
  const asked = { ...change, requestedAt: call.chainNow() };
  return toPayment(call.store.payments.update(payment, asked, call.now()), call, "no history fields");
}

const submitSchema = z.object({
  network,
  submitResultHash: z
    .string()
    .length(64)
    .regex(/^[0-9a-fA-F]{64}$/, "submitResultHash must be a 64-char hex sha256 digest"),
  blockchainIdentifier: z.string().min(1).max(8000),
});

/** POST /payment/submit-result */
export const submitResult = endpoint("pay", submitSchema, (input, call) => {
  const states = ["RefundRequested", "Disputed", "FundsLocked"] as const;
  const payment = waitingPayment(call, input, states, "submit results for");
  return ask(call, payment, "SubmitResultRequested", input.submitResultHash);
});

/** POST /payment/authorize-refund */
export const authorizeRefund = endpoint("pay", identifierSchema, (input, call) => {
  const states = ["Disputed", "RefundRequested"] as const;
  const payment = waitingPayment(call, input, states, "authorize a refund for");
  return ask(call, payment, "AuthorizeRefundRequested");
});
