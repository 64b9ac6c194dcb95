import { z } from "zod";
import { type EscrowRequest, ON_CHAIN_STATES } from "../../store/payment-request.ts";
import type { ChangeKind, RequestFilter } from "../../store/payment-requests.ts";
import { type Call, type Endpoint, endpoint, requireNetwork, type RouteTable, scopeOf } from "../endpoint.ts";
import { network, pageSize, paymentSourceType, time } from "../fields.ts";
import { toPayment, toPurchase } from "./request-entry.ts";

const isTrue = (text: string | undefined) => text?.toLowerCase() === "true";

const sourceFilters = {
  network,
  filterSmartContractAddress: z.string().nullable().optional(),
  filterPaymentSourceType: paymentSourceType.optional(),
};
const filters = { ...sourceFilters, filterNeedsManualAction: z.string().optional() };
const includeHistory = z.string().default("false");
const listSchema = z.object({
  limit: pageSize,
  cursorId: z.string().optional(),
  ...filters,
  filterOnChainState: z.enum(ON_CHAIN_STATES).optional(),
  searchQuery: z.string().optional(),
  includeHistory,
});
const countSchema = z.object(filters);
const diffSchema = z.object({
  limit: pageSize,
  cursorId: z.string().optional(),
  lastUpdate: time.default("1970-01-01T00:00:00.000Z"),
  ...sourceFilters,
  includeHistory,
});

/** Without a filter that knows of V2, only requests of V1 sources are meant. */
function filterOf(
  call: Call,
  input: Partial<z.output<typeof countSchema>> & Pick<z.output<typeof countSchema>, "network">,
): RequestFilter {
  requireNetwork(call, input.network);
  const contract = input.filterSmartContractAddress ?? undefined;
  return {
    network: input.network,
    type: input.filterPaymentSourceType ?? (contract === undefined ? "Web3CardanoV1" : undefined),
    contract,
    wallets: scopeOf(call.key),
    needsManualAction: isTrue(input.filterNeedsManualAction),
  };
}

/** The lists of payments or of purchases: `name` is the field of the answer. */
function listsOf(table: "payments" | "purchases", name: "Payments" | "Purchases") {
  const shown = (requests: readonly EscrowRequest[], call: Call, withHistory: boolean) => {
    const toEntry = table === "payments" ? toPayment : toPurchase;
    const histories = withHistory ? "with histories" : "without histories";
    return { [name]: requests.map((request) => toEntry(request, call, histories)) };
  };
  const list = endpoint("read", listSchema, (input, call) => {
    const filter = {
      ...filterOf(call, input),
      onChainState: input.filterOnChainState,
      search: input.searchQuery?.trim(),
    };
    const requests = call.store[table].page(filter, input.limit, input.cursorId);
    return shown(requests, call, isTrue(input.includeHistory));
  });
  const count = endpoint("read", countSchema, (input, call) => ({
    total: call.store[table].count(filterOf(call, input)),
  }));
  const diff = (kind: ChangeKind): Endpoint =>
    endpoint("read", diffSchema, (input, call) => {
      const since = Date.parse(input.lastUpdate);
      const { limit, cursorId } = input;
      const requests = call.store[table].changedSince(kind, filterOf(call, input), since, limit, cursorId);
      return shown(requests, call, isTrue(input.includeHistory));
    });
  return { list, count, diff };
}

const payments = listsOf("payments", "Payments");
const purchases = listsOf("purchases", "Purchases");

/** Everything that lists payments and purchases. */
export const REQUEST_LISTS: RouteTable = {
  "GET /payment": payments.list,
  "GET /payment/count": payments.count,
  "GET /payment/diff": payments.diff("any"),
  "GET /payment/diff/next-action": payments.diff("action"),
  "GET /payment/diff/onchain-state-or-result": payments.diff("chain"),
  "GET /purchase": purchases.list,
  "GET /purchase/count": purchases.count,
  "GET /purchase/diff": purchases.diff("any"),
  "GET /purchase/diff/next-action": purchases.diff("action"),
  "GET /purchase/diff/onchain-state-or-result": purchases.diff("chain"),
};
