import { z } from "zod";
import type { Registration } from "../../store/registrations.ts";
import { deregisterSchema, findBurnable, requestBurn } from "./deregister.ts";
import { type Call, endpoint, requireNetwork, type RouteTable, scopeOf } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { atomicAmount, listOfPrices, network, text250 } from "../fields.ts";
import { sourceAt } from "./own-agent.ts";
import { insertRegistration } from "./register.ts";
import { registerSchema } from "./registration-schema.ts";

const PAGE = 10;

/** A registry entry of the first releases: no V2, no recipient, a short transaction; `error` came with 0.21. */
function toOldEntry(row: Registration, call: Call) {
  const {
    error,
    CurrentTransaction,
    sendFundingLovelace: _funding,
    supportedPaymentSources: _sources,
    verifications: _verifications,
    RecipientWallet: _recipient,
    ...entry
  } = toEntry(row, call);
  return {
    ...(call.world.dialect === "0.20" ? {} : { error }),
    ...entry,
    CurrentTransaction: CurrentTransaction && {
      txHash: CurrentTransaction.txHash,
      status: CurrentTransaction.status,
    },
  };
}

const listSchema = z.object({
  cursorId: z.string().optional(),
  network,
  smartContractAddress: z.string().optional(),
});

/** Ten rows a page, whatever is asked; the key must be able to pay. */
const list = endpoint("pay", listSchema, (input, call) => {
  requireNetwork(call, input.network);
  const address = input.smartContractAddress;
  const contract =
    address === undefined ? undefined : sourceAt(call, input.network, address).smartContractAddress;
  const filter = {
    network: input.network,
    type: "Web3CardanoV1",
    contract,
    wallets: scopeOf(call.key),
    hidden: call.faults.takeHiding(call.route),
  } as const;
  const rows = call.store.registrations.page(filter, PAGE, input.cursorId);
  return { Assets: rows.map((row) => toOldEntry(row, call)) };
});

const oldRegisterSchema = registerSchema
  .omit({
    recipientWalletAddress: true,
    sendFundingLovelace: true,
    supportedPaymentSources: true,
    verifications: true,
  })
  .extend({
    AgentPricing: z.object({
      pricingType: z.literal("Fixed"),
      Pricing: listOfPrices(z.object({ unit: text250, amount: atomicAmount })),
    }),
  });

const register = endpoint("pay", oldRegisterSchema, (input, call) =>
  toOldEntry(insertRegistration(call, input), call),
);

/** DELETE is the burn, whatever state the row is in: a repeated call asks for another one. */
const deregister = endpoint("pay", deregisterSchema, (input, call) => {
  const { row, holder } = findBurnable(call, input);
  return toOldEntry(requestBurn(call, row, holder), call);
});

/** The registry of the releases up to 0.21. */
export const REGISTRY_ROUTES_2025: RouteTable = {
  "GET /registry": list,
  "POST /registry": register,
  "DELETE /registry": deregister,
};
