import { z } from "zod";
import type { Registration } from "../../store/registrations.ts";
import { deregisterSchema, findBurnable, requestBurn, sourceAt } from "./deregister.ts";
import { type Call, type Endpoint, endpoint, requireNetwork, scopeOf } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { atomicAmount, listOfPrices, network, text250 } from "../fields.ts";
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

/** Registry of the releases up to 0.21. */
export const registry2025: Readonly<Record<string, Endpoint>> = {
  "GET /registry": list,
  "POST /registry": register,
  "DELETE /registry": deregister,
};

/** The paths that were there already. */
export const PATHS_2025: ReadonlyMap<string, readonly string[]> = new Map([
  ["/health", ["get"]],
  ["/api-key-status", ["get"]],
  ["/api-key", ["get", "post", "patch", "delete"]],
  ["/wallet", ["get", "post", "patch"]],
  ["/payment", ["get", "post", "patch"]],
  ["/purchase", ["get", "post", "patch"]],
  ["/registry", ["get", "post", "delete"]],
  ["/payment-source", ["get"]],
  ["/payment-source-extended", ["get", "post", "patch", "delete"]],
  ["/utxos", ["get"]],
  ["/rpc-api-keys", ["get"]],
]);
