import { remainingCredits } from "../account/credits.ts";
import { type Call, endpoint, requireNetwork, scopeOf } from "../endpoint.ts";
import { badRequest, ServiceError } from "../errors.ts";
import { type EscrowRequest, nextAction } from "../../store/payment-request.ts";
import { isV2 } from "./agent-pricing.ts";
import { agreedTerms, type PurchaseInput, purchaseSchema, type PurchaseTerms } from "./purchase-terms.ts";
import { toExistingPurchase, toPurchase } from "./request-entry.ts";
import { identifierSchema, waitingRequest } from "./waiting-request.ts";

function requireCredits(call: Call, cost: ReadonlyMap<string, bigint>): void {
  const credits = remainingCredits(call);
  if (!credits) return;
  for (const [unit, amount] of cost) {
    if ((credits.get(unit) ?? -1n) < amount) throw badRequest("Insufficient funds");
  }
}

/** POST /purchase: once for each identifier. */
export const createPurchase = endpoint("pay", purchaseSchema, (input, call) => {
  requireNetwork(call, input.network);
  const existing = call.store.purchases.byIdentifier(input.blockchainIdentifier);
  if (existing?.network === input.network) {
    const object = toExistingPurchase(existing, call);
    throw new ServiceError(409, "Purchase exists", { fields: { id: existing.id, object } });
  }
  const now = call.now();
  const terms = agreedTerms(call, input, now);
  requireCredits(call, terms.cost);
  return toPurchase(insertPurchase(call, input, terms, now), call, "no history fields");
});

function insertPurchase(
  call: Call,
  input: PurchaseInput,
  { source, seller, agent, pricing, cost, times, chainOffset }: PurchaseTerms,
  now: number,
): EscrowRequest {
  return call.store.purchases.insert({
    id: call.newId(),
    network: input.network,
    type: source.paymentSourceType,
    contract: source.smartContractAddress,
    wallet: null,
    otherWallet: seller.vkey,
    owner: call.key.id,
    createdAt: now,
    agentIdentifier: input.agentIdentifier,
    agentName: agent.name,
    pricingType: pricing?.pricingType ?? "Fixed",
    funds: Array.from(cost, ([unit, amount]) => ({ amount: amount.toString(), unit })),
    blockchainIdentifier: input.blockchainIdentifier,
    inputHash: input.inputHash,
    resultHash: null,
    requestedAction: "FundsLockingRequested",
    payByTime: Number(times.payBy),
    submitResultTime: Number(times.submitResult),
    unlockTime: Number(times.unlock),
    externalDisputeUnlockTime: Number(times.externalDisputeUnlock),
    buyerReturnAddress: input.buyerReturnAddress ?? null,
    sellerReturnAddress: input.sellerReturnAddress ?? null,
    metadata: input.metadata ?? null,
    walletScope: scopeOf(call.key) ?? null,
    isDriven: true,
    chainOffset,
    requestedAt: call.chainNow(),
  });
}

function ask(call: Call, purchase: EscrowRequest, action: EscrowRequest["requestedAction"]) {
  const asked = { ...nextAction(purchase, action), requestedAt: call.chainNow() };
  return toPurchase(call.store.purchases.update(purchase, asked, call.now()), call, "no history fields");
}

/** POST /purchase/request-refund */
export const requestRefund = endpoint("pay", identifierSchema, (input, call) => {
  const purchase = waitingRequest(call, call.store.purchases, input, ["ResultSubmitted", "FundsLocked"], {
    missing: "Purchase not found or not in valid state",
    forbidden: "You are not authorized to request a refund for this purchase",
  });
  return ask(call, purchase, "SetRefundRequestedRequested");
});

/** POST /purchase/cancel-refund-request: on V2 the buyer gives way in a dispute, and the seller may collect. */
export const cancelRefundRequest = endpoint("pay", identifierSchema, (input, call) => {
  const purchase = waitingRequest(call, call.store.purchases, input, ["RefundRequested", "Disputed"], {
    missing: "Purchase not found or in invalid state",
    forbidden: "You are not authorized to cancel a refund request for this purchase",
  });
  if (!isV2(purchase.type)) return ask(call, purchase, "UnSetRefundRequestedRequested");
  if (purchase.onChainState !== "Disputed")
    throw badRequest("Authorize withdrawal is only available for disputed V2 purchases");
  return ask(call, purchase, "AuthorizeWithdrawalRequested");
});
