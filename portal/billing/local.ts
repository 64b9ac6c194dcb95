import { randomBytes } from "node:crypto";
import type { BillingSettings } from "./settings.ts";
import { startStandIn } from "./stand-in/stand-in.ts";

const PRICE = "price_local";

/** Billing on this machine, where nobody pays anything. */
export interface LocalBilling {
  /** What the gate of Stripe is to be opened with. */
  readonly settings: Partial<BillingSettings>;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for Stripe with one plan, so that the whole way to a subscription can be gone without an account. It forgets its
 * subscriptions when it ends; no agent leaves because of that.
 *
 * @param portalUrl where its webhooks go
 */
export async function startLocalBilling(
  portalUrl: string,
  report: (error: unknown) => void,
): Promise<LocalBilling> {
  const secretKey = `sk_test_${randomBytes(12).toString("hex")}`;
  const secret = `whsec_${randomBytes(12).toString("hex")}`;
  const standIn = await startStandIn({
    secretKey,
    plans: [{ price: PRICE, name: "Ten agents", agents: 10, amount: 2900, currency: "eur" }],
    endpoint: { url: `${portalUrl}/stripe/webhook`, secret },
    report,
  });
  return {
    settings: {
      PORTAL_BILLING: "stripe",
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_WEBHOOK_SECRET: secret,
      STRIPE_PRICE: PRICE,
      STRIPE_API_BASE: standIn.url,
    },
    close: () => standIn.close(),
  };
}
