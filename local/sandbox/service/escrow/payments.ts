import { z } from "zod";
import { type EscrowRequest, nextAction, type OnChainState } from "../../store/payment-request.ts";
import { wholeNumber } from "./agent-pricing.ts";
import { type Call, endpoint, requireNetwork } from "../endpoint.ts";
import { network } from "../fields.ts";
import {
  offeredTerms,
  type PaymentInput,
  paymentSchema,
  type PaymentTerms,
  signTerms,
} from "./payment-terms.ts";
import { toPayment } from "./request-entry.ts";
import { identifierSchema, waitingRequest } from "./waiting-request.ts";

/** POST /payment: the same request twice makes two payments. */
export const createPayment = endpoint("pay", paymentSchema, (input, call) => {
  requireNetwork(call, input.network);
  const now = call.now();
  const terms = offeredTerms(call, input, now);
  return toPayment(insertPayment(call, input, terms, now), call, "no history fields");
});

function insertPayment(call: Call, input: PaymentInput, terms: PaymentTerms, now: number): EscrowRequest {
  const { agent, source, seller, pricing, funds, deadlines, sellerReturnAddress } = terms;
  return call.store.payments.insert({
    id: call.newId(),
    network: input.network,
    type: source.paymentSourceType,
    contract: source.smartContractAddress,
    wallet: seller.vkey,
    otherWallet: null,
    owner: call.key.id,
    createdAt: now,
    agentIdentifier: input.agentIdentifier,
    agentName: agent.name,
    pricingType: pricing?.pricingType ?? "Fixed",
    funds: funds.map(({ amount, unit }) => ({ amount: wholeNumber(amount).toString(), unit })),
    blockchainIdentifier: signTerms(input, terms),
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
}

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
