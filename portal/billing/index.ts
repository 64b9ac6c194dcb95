import type { Queries } from "../database/database.ts";
import type { Gate } from "./gate.ts";
import { noGate } from "./none.ts";
import type { BillingSettings } from "./settings.ts";

export { BillingInvalidError, BillingUnreachableError } from "./errors.ts";
export type { Admission, BillingStatus, Gate } from "./gate.ts";
export { billingSettings, type BillingSettings, checkBilling } from "./settings.ts";

export interface GateOptions {
  readonly settings: BillingSettings;
  readonly queries: Queries;
  /** The portal's own page, where users come back to from Stripe's. */
  readonly pageUrl: string;
  /** Hears of what failed beside the requests. */
  readonly report: (error: unknown) => void;
  /** @default the machine's clock */
  readonly clock?: () => Date;
}

/** Opens the gate that the settings name. Stripe's package is loaded only if it is used. */
export async function openGate(options: GateOptions): Promise<Gate> {
  const { settings, queries, pageUrl, report, clock = () => new Date() } = options;
  const { STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_PRICE: price } = settings;
  if (settings.PORTAL_BILLING === "none") return noGate;
  if (key === undefined || webhookSecret === undefined || price === undefined)
    throw new Error("The settings of Stripe were not checked");
  const { StripeApi, stripeClient } = await import("./stripe/stripe-api.ts");
  const { StripeGate } = await import("./stripe/stripe-gate.ts");
  const { Customers } = await import("./stripe/customers.ts");
  return new StripeGate({
    api: new StripeApi(stripeClient(key, settings.STRIPE_API_BASE)),
    customers: new Customers(queries),
    webhookSecret,
    price,
    trialDays: settings.STRIPE_TRIAL_DAYS,
    graceDays: settings.PORTAL_GRACE_DAYS,
    minutes: settings.PORTAL_BILLING_MINUTES,
    pageUrl,
    clock,
    report,
  });
}
