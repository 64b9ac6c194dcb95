import { z } from "zod";
import { type Call, type Endpoint, endpoint, requireNetwork, scopeOf } from "../endpoint.ts";
import { notFound } from "../errors.ts";
import { network } from "../fields.ts";
import { toPayment, toPurchase } from "./request-entry.ts";

const schema = z.object({
  blockchainIdentifier: z.string().min(1).max(8000),
  network,
  filterSmartContractAddress: z.string().nullable().optional(),
  includeHistory: z.string().default("false"),
});

function find(call: Call, table: "payments" | "purchases", input: z.output<typeof schema>) {
  requireNetwork(call, input.network);
  const request = call.store[table].byIdentifier(input.blockchainIdentifier);
  const scope = scopeOf(call.key);
  const isSeen =
    request?.network === input.network &&
    request.contract === (input.filterSmartContractAddress ?? request.contract) &&
    (!scope || scope.includes(request.wallet ?? ""));
  return isSeen ? request : undefined;
}

const historiesOf = ({ includeHistory }: z.output<typeof schema>) =>
  includeHistory.toLowerCase() === "true" ? "with histories" : "without histories";

/** POST /payment/resolve-blockchain-identifier and /purchase/resolve-blockchain-identifier: one request, to read. */
export const resolvePayment: Endpoint = endpoint("read", schema, (input, call) => {
  const payment = find(call, "payments", input);
  if (!payment) throw notFound("Payment not found");
  return toPayment(payment, call, historiesOf(input));
});

export const resolvePurchase: Endpoint = endpoint("read", schema, (input, call) => {
  const purchase = find(call, "purchases", input);
  if (!purchase) throw notFound("Purchase not found");
  return toPurchase(purchase, call, historiesOf(input));
});
