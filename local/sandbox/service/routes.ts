import { z } from "zod";
import type { Dialect } from "../world.ts";
import { byIdentifier, byWallet } from "./registry/agent-metadata.ts";
import { API_PATHS } from "./api-paths.ts";
import { balance, utxos } from "./account/balances.ts";
import { deleteRow } from "./registry/delete.ts";
import { deregister } from "./registry/deregister.ts";
import { PATHS_2025, registry2025 } from "./registry/dialect-2025.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { notSimulated } from "./errors.ts";
import { keyStatus } from "./account/key-status.ts";
import { extendedPaymentSources, paymentSources } from "./account/payment-sources.ts";
import { authorizeRefund, createPayment, submitResult } from "./escrow/payments.ts";
import { cancelRefundRequest, createPurchase, requestRefund } from "./escrow/purchases.ts";
import { register } from "./registry/register.ts";
import { count, diff, list } from "./registry/lists.ts";
import { REQUEST_LISTS } from "./escrow/request-lists.ts";
import { resolvePayment, resolvePurchase } from "./escrow/resolve.ts";
import { update } from "./registry/update.ts";
import { oneWallet, walletList } from "./account/wallets.ts";

const health = endpoint("none", z.object({}), () => ({ status: "ok" }));
const refused = endpoint("read", z.object({}), (_, call) => {
  throw notSimulated(call.route);
});

const ALWAYS: Readonly<Record<string, Endpoint>> = {
  "GET /health": health,
  "GET /api-key-status": keyStatus,
  "GET /payment-source": paymentSources,
  "GET /payment-source-extended": extendedPaymentSources,
  "GET /wallet": oneWallet,
  "GET /utxos": utxos,
};

const TODAY: Readonly<Record<string, Endpoint>> = {
  ...ALWAYS,
  "GET /wallet/list": walletList,
  "GET /balance": balance,
  "GET /registry": list,
  "POST /registry": register,
  "DELETE /registry": deleteRow,
  "GET /registry/count": count,
  "GET /registry/diff": diff,
  "GET /registry/agent-identifier": byIdentifier,
  "GET /registry/wallet": byWallet,
  "POST /registry/deregister": deregister,
  "POST /registry/update": update,
  ...REQUEST_LISTS,
  "POST /payment": createPayment,
  "POST /payment/resolve-blockchain-identifier": resolvePayment,
  "POST /payment/submit-result": submitResult,
  "POST /payment/authorize-refund": authorizeRefund,
  "POST /purchase": createPurchase,
  "POST /purchase/resolve-blockchain-identifier": resolvePurchase,
  "POST /purchase/request-refund": requestRefund,
  "POST /purchase/cancel-refund-request": cancelRefundRequest,
};

export interface Routes {
  /** Methods of a path in capitals; undefined = the service has no such path. */
  methods(path: string): readonly string[] | undefined;
  endpoint(route: string): Endpoint;
  /** The API document at /api-docs: enough to tell releases apart. */
  document(): unknown;
}

export function routesOf(dialect: Dialect): Routes {
  const paths = dialect === "0.28" ? API_PATHS : PATHS_2025;
  const endpoints = dialect === "0.28" ? TODAY : { ...ALWAYS, ...registry2025 };
  const find = (route: string) => endpoints[route] ?? refused;
  return {
    methods: (path) => paths.get(path)?.map((method) => method.toUpperCase()),
    endpoint: find,
    document: () => ({
      openapi: "3.0.0",
      info: {
        version: "1.0.0",
        title: "Masumi Payment Service API",
        description:
          "The sandbox's simulation of the payment service: paths, methods and names of the input only.",
      },
      servers: [{ url: "./../api/v1/" }],
      paths: Object.fromEntries(
        Array.from(paths, ([path, methods]) => [
          path,
          Object.fromEntries(
            methods.map((method) => [
              method,
              describe(method, find(`${method.toUpperCase()} ${path}`).parameters),
            ]),
          ),
        ]),
      ),
    }),
  };
}

function describe(method: string, names: readonly string[]) {
  if (method === "get") return { parameters: names.map((name) => ({ name, in: "query" })) };
  const properties = Object.fromEntries(names.map((name) => [name, {}]));
  return { requestBody: { content: { "application/json": { schema: { type: "object", properties } } } } };
}
