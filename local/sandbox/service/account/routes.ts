import type { RouteTable } from "../endpoint.ts";
import { balance, utxos } from "./balances.ts";
import { keyStatus } from "./key-status.ts";
import { extendedPaymentSources, paymentSources } from "./payment-sources.ts";
import { oneWallet, walletList } from "./wallets.ts";

/** What every release has. */
export const ACCOUNT_ROUTES_2025: RouteTable = {
  "GET /api-key-status": keyStatus,
  "GET /payment-source": paymentSources,
  "GET /payment-source-extended": extendedPaymentSources,
  "GET /wallet": oneWallet,
  "GET /utxos": utxos,
};

export const ACCOUNT_ROUTES: RouteTable = {
  ...ACCOUNT_ROUTES_2025,
  "GET /wallet/list": walletList,
  "GET /balance": balance,
};
