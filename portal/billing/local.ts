import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { BillingSettings } from "./settings.ts";
import { startStandIn } from "./stand-in/stand-in.ts";

const PRICE = "price_local";

/** Billing on this machine, where nobody pays anything. */
export interface LocalBilling {
  /** What the gate of Stripe is to be opened with. */
  readonly settings: Partial<BillingSettings>;
  close(): Promise<void>;
}

export interface LocalBillingOptions {
  /** The portal's folder, where customers and their subscriptions are kept. */
  readonly folder: string;
  /** Where webhooks go. */
  readonly portalUrl: string;
  /** Hears of webhooks that nobody accepts. */
  readonly report: (error: unknown) => void;
}

/**
 * Starts a stand-in for Stripe with one plan, so that the whole way to a subscription can be gone without an account. The next start has
 * the same customers and subscriptions.
 */
export async function startLocalBilling({
  folder,
  portalUrl,
  report,
}: LocalBillingOptions): Promise<LocalBilling> {
  const secretKey = `sk_test_${randomBytes(12).toString("hex")}`;
  const secret = `whsec_${randomBytes(12).toString("hex")}`;
  const standIn = await startStandIn({
    secretKey,
    plans: [{ price: PRICE, name: "Ten agents", agents: 10, amount: 2900, currency: "eur" }],
    endpoint: { url: `${portalUrl}/stripe/webhook`, secret },
    file: join(folder, "billing.json"),
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
