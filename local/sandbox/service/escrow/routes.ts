import type { RouteTable } from "../endpoint.ts";
import { authorizeRefund, createPayment, submitResult } from "./payments.ts";
import { cancelRefundRequest, createPurchase, requestRefund } from "./purchases.ts";
import { REQUEST_LISTS } from "./request-lists.ts";
import { resolvePayment, resolvePurchase } from "./resolve.ts";

export const ESCROW_ROUTES: RouteTable = {
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
