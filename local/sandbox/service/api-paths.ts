/**
 * Every path of the service of 0.28 with its methods, in the order of its API document: what is known but not simulated
 * is refused by name, and a wrong method is 405 also there.
 */
const PATHS = `
  /health get
  /api-key-status get
  /wallet get post patch
  /wallet/list get
  /wallet/low-balance get post patch delete
  /signature/verify/reveal-data post
  /api-key get post patch delete
  /swap post
  /swap/confirm get
  /swap/transactions get
  /swap/estimate get
  /swap/cancel post
  /swap/acknowledge-timeout post
  /wallet/transfer-funds post get
  /payment get post
  /payment/diff get
  /payment/diff/next-action get
  /payment/count get
  /purchase/count get
  /payment/diff/onchain-state-or-result get
  /payment/submit-result post
  /payment/authorize-refund post
  /payment/error-state-recovery post
  /purchase/error-state-recovery post
  /signature/sign/create-invoice/monthly post
  /signature/sign/verifyAndPublishAgent post
  /invoice/monthly post get
  /registry/count get
  /invoice/monthly/internal post
  /invoice/monthly/missing get
  /purchase get post
  /purchase/diff get
  /purchase/diff/next-action get
  /purchase/diff/onchain-state-or-result get
  /payment/x402 post
  /purchase/request-refund post
  /purchase/cancel-refund-request post
  /payment/resolve-blockchain-identifier post
  /purchase/resolve-blockchain-identifier post
  /registry/wallet get
  /registry/agent-identifier get
  /registry get post delete
  /registry/diff get
  /registry/deregister post
  /registry/update post
  /payment-source get
  /payment-source-extended get post patch delete
  /utxos get
  /balance get
  /rpc-api-keys get
  /purchase/spending post
  /payment/income post
  /webhooks get post patch delete
  /webhooks/test post
  /inbox-agents/wallet get
  /inbox-agents/agent-identifier get
  /inbox-agents get post delete
  /inbox-agents/diff get
  /inbox-agents/deregister post
  /inbox-agents/count get
  /monitoring get
  /monitoring/trigger-cycle post
  /monitoring/start post
  /monitoring/stop post
  /x402/networks/available get
  /x402/networks get post
  /x402/wallets get post
  /x402/wallets/detail get
  /x402/wallets/delete post
  /x402/budgets get post
  /x402/verify post
  /x402/settle post
  /x402/pay post
  /x402/payments get
  /x402/payments/reconcile post
  /x402/settlements get
  /x402/wallets/update post
  /x402/wallets/balance get
  /x402/wallets/count get
  /x402/low-balance get post patch delete
  /x402/payments/count get
  /x402/settlements/count get
  /x402/analytics post
  /fund-wallet get post patch delete
  /fund-distribution get
  /fund-distribution/trigger post
`;

const readPaths = (text: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    text
      .trim()
      .split("\n")
      .map((line) => {
        const [path = "", ...methods] = line.trim().split(" ");
        return [path, methods];
      }),
  );

export const API_PATHS = readPaths(PATHS);

/** What the release after 0.28 adds. */
export const API_PATHS_0_29 = readPaths(
  `${PATHS}
  /rail-readiness get
  /tx-sync-quarantine get delete
  /tx-sync-quarantine/retry post
  /request-repair/preview post
  /request-repair post`.replaceAll(/\n\s*\n/g, "\n"),
);

/** The paths of the releases up to 0.21. */
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
