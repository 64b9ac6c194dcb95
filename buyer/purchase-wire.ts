import { z } from "zod";

/** What the buyer's payment service sends and takes for purchases, in its own spelling (release 0.28). */

const text = z.string();
const optionalText = z.string().nullish();
/** Unix milliseconds as digits. */
const time = z.string().regex(/^\d+$/).transform(Number);

/** One purchase, as POST /purchase and the routes that look it up answer it. */
export const purchase = z.object({
  id: text,
  blockchainIdentifier: text,
  /** Null until the buyer's money lies in the contract. */
  onChainState: optionalText,
  resultHash: optionalText,
  NextAction: z.object({ requestedAction: text, errorType: optionalText, errorNote: optionalText }),
  CurrentTransaction: z.object({ txHash: optionalText, status: optionalText }).nullish(),
  payByTime: time.nullish(),
  submitResultTime: time,
  unlockTime: time,
});
export type Purchase = z.output<typeof purchase>;

/** POST /purchase: exactly what the seller has signed; times are Unix milliseconds as digits. */
export const purchaseBody = z.object({
  network: z.enum(["Preprod", "Mainnet"]),
  blockchainIdentifier: text,
  agentIdentifier: text,
  sellerVkey: text,
  inputHash: text,
  identifierFromPurchaser: text,
  payByTime: text,
  submitResultTime: text,
  unlockTime: text,
  externalDisputeUnlockTime: text,
  supportedPaymentSourceIndex: z.number().exactOptional(),
  Amounts: z.array(z.object({ amount: text, unit: text })),
});
export type PurchaseBody = z.output<typeof purchaseBody>;

const source = z.object({
  chain: optionalText,
  network: optionalText,
  paymentSourceType: optionalText,
  pricing: z
    .object({ pricingType: text, fixed: z.array(z.object({ asset: text, amount: text })).nullish() })
    .nullish(),
});
export type PaymentSource = z.output<typeof source>;

/** GET /registry/agent-identifier: what the chain says of an agent. */
export const chainEntry = z.object({
  agentIdentifier: text,
  Metadata: z.object({
    name: text,
    /** Null, absent or the document's URL, of agents that are reached otherwise (OpenApi, X402). */
    apiBaseUrl: optionalText,
    openApiSpecUrl: optionalText,
    x402ResourcesUrl: optionalText,
    AgentPricing: z
      .object({ pricingType: text, Pricing: z.array(z.object({ amount: text, unit: text })).nullish() })
      .nullish(),
    /** One that cannot be read keeps its place, since sources are named by their index. */
    supportedPaymentSources: z.array(source.catch({})).nullish(),
  }),
});
export type ChainEntry = z.output<typeof chainEntry>;

/** What the service does next about a purchase, so far as a buyer has to tell them apart. */
export const ACTION = {
  waiting: "WaitingForExternalAction",
  operator: "WaitingForManualAction",
  refund: [
    "SetRefundRequestedRequested",
    "SetRefundRequestedInitiated",
    "WithdrawRefundRequested",
    "WithdrawRefundInitiated",
  ],
} as const;

/** States of the contract in which the buyer has asked for the money back, or has it. */
export const REFUND_STATES: readonly string[] = [
  "RefundRequested",
  "RefundAuthorized",
  "RefundWithdrawn",
  "Disputed",
  "DisputedWithdrawn",
];
