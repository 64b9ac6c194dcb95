import { z } from "zod";
import { STATES, type RegistrationFilter, type RegistrationState } from "../../store/registrations.ts";
import { type Call, endpoint, requireNetwork, scopeOf } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { agentIdentifier, network, pageSize, paymentSourceType } from "../fields.ts";

const ending = (...endings: string[]) => STATES.filter((state) => endings.some((end) => state.endsWith(end)));
const BUCKETS: Record<"Registered" | "Deregistered" | "Pending" | "Failed", readonly RegistrationState[]> = {
  Registered: ["RegistrationConfirmed", "UpdateConfirmed"],
  Deregistered: ["DeregistrationConfirmed"],
  Pending: ending("Requested", "Initiated"),
  Failed: ending("Failed"),
};

const sourceFilter = {
  network,
  filterSmartContractAddress: z.string().nullable().optional(),
  filterPaymentSourceType: paymentSourceType.optional(),
};
const listSchema = z.object({
  limit: pageSize,
  cursorId: z.string().optional(),
  ...sourceFilter,
  filterStatus: z.enum(["Registered", "Deregistered", "Pending", "Failed"]).optional(),
  searchQuery: z.string().optional(),
  filterAgentIdentifier: agentIdentifier.optional(),
  filterSupportedPaymentSourceAddress: z.string().optional(),
  filterSupportedPaymentSourceNetworks: z.string().optional(),
});
const countSchema = z.object(sourceFilter);
const diffSchema = z.object({
  limit: pageSize,
  cursorId: z.string().optional(),
  lastUpdate: z
    .union([z.iso.date(), z.iso.datetime(), z.iso.datetime({ local: true })])
    .default("1970-01-01T00:00:00.000Z"),
  ...sourceFilter,
});

type SourceFilter = z.output<typeof countSchema>;

/** Without any filter that knows of V2, only V1 rows are meant. */
function filterOf(
  call: Call,
  input: SourceFilter,
  more: Partial<RegistrationFilter> = {},
): RegistrationFilter {
  requireNetwork(call, input.network);
  const knowsV2 =
    input.filterSmartContractAddress || more.agentIdentifier || more.sourceAddress || more.sourceNetworks;
  return {
    network: input.network,
    type: input.filterPaymentSourceType ?? (knowsV2 ? undefined : "Web3CardanoV1"),
    contract: input.filterSmartContractAddress ?? undefined,
    wallets: scopeOf(call.key),
    hidden: call.faults.takeHiding(call.route),
    ...more,
  };
}

/** GET /registry */
export const list = endpoint("read", listSchema, (input, call) => {
  const filter = filterOf(call, input, {
    agentIdentifier: input.filterAgentIdentifier,
    states: input.filterStatus && BUCKETS[input.filterStatus],
    search: input.searchQuery?.trim(),
    sourceAddress: input.filterSupportedPaymentSourceAddress,
    sourceNetworks: input.filterSupportedPaymentSourceNetworks?.split(",").map((name) => name.trim()),
  });
  const rows = call.store.registrations.page(filter, input.limit, input.cursorId);
  return { Assets: rows.map((row) => toEntry(row, call)) };
});

/** GET /registry/count */
export const count = endpoint("read", countSchema, (input, call) => ({
  total: call.store.registrations.count(filterOf(call, input)),
}));

/** GET /registry/diff */
export const diff = endpoint("read", diffSchema, (input, call) => {
  const since = Date.parse(input.lastUpdate);
  const rows = call.store.registrations.changedSince(
    filterOf(call, input),
    since,
    input.limit,
    input.cursorId,
  );
  return { Assets: rows.map((row) => toEntry(row, call)) };
});
