import { z } from "zod";
import { endpoint, requireNetwork } from "./endpoint.ts";
import { ServiceError } from "./errors.ts";
import { agentIdentifier, network, paymentSourceType, text250 } from "./fields.ts";

/** What the service has and the sandbox has not; never answered as if it had worked. */
export const notSimulated = (route: string) =>
  new ServiceError(
    501,
    `The sandbox does not simulate ${route}: it stands in for the registry and lists payments, but makes and settles none and administers nothing`,
  );

const amounts = z
  .array(z.object({ amount: z.string().max(25), unit: z.string().max(150) }))
  .max(7)
  .optional();
const time = z.union([z.iso.date(), z.iso.datetime(), z.iso.datetime({ local: true })]).optional();
const identifierFromPurchaser = z.string().min(14).max(26);

const paymentSchema = z.object({
  inputHash: text250,
  network,
  agentIdentifier,
  paymentSourceType: paymentSourceType.optional(),
  supportedPaymentSourceIndex: z.int().min(0).max(24).optional(),
  RequestedFunds: amounts,
  payByTime: time,
  submitResultTime: time,
  unlockTime: time,
  externalDisputeUnlockTime: time,
  metadata: z.string().optional(),
  sellerReturnAddress: text250.optional(),
  identifierFromPurchaser,
});

const purchaseSchema = z.object({
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
  identifierFromPurchaser,
});

const listSchema = z.object({ network });

// Making payments, and purchases: rights and input are checked as the service does, then the request is refused.
export const listPurchases = endpoint("read", listSchema, (input, call) => {
  requireNetwork(call, input.network);
  throw notSimulated(call.route);
});

export const createPayment = endpoint("pay", paymentSchema, (input, call) => {
  requireNetwork(call, input.network);
  throw notSimulated(call.route);
});

export const createPurchase = endpoint("pay", purchaseSchema, (input, call) => {
  requireNetwork(call, input.network);
  throw notSimulated(call.route);
});
