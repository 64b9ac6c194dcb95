import { randomBytes } from "node:crypto";

/** Those fields of Stripe's objects that the portal reads, and what makes them recognisable. Tests hold them against stripe-mock. */
interface StripeObject {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly livemode: false;
}

export interface Customer extends StripeObject {
  email: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Product extends StripeObject {
  readonly active: boolean;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Price extends StripeObject {
  readonly active: boolean;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly nickname: string | null;
  readonly product: string;
  readonly recurring: { readonly interval: "month"; readonly interval_count: 1 } | null;
  readonly type: "recurring" | "one_time";
  readonly unit_amount: number;
}

export interface Invoice extends StripeObject {
  readonly customer: string;
  status: "paid" | "open";
}

export interface Subscription extends StripeObject {
  readonly customer: string;
  status: "trialing" | "active" | "past_due" | "unpaid" | "canceled" | "paused" | "incomplete";
  cancel_at_period_end: boolean;
  ended_at: number | null;
  trial_end: number | null;
  latest_invoice: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly items: { readonly object: "list"; readonly data: SubscriptionItem[] };
}

export interface SubscriptionItem {
  readonly id: string;
  readonly object: "subscription_item";
  price: Price;
  quantity: number;
}

export interface CheckoutSession extends StripeObject {
  readonly customer: string;
  readonly client_reference_id: string | null;
  readonly mode: "subscription";
  status: "open" | "complete" | "expired";
  subscription: string | null;
  readonly success_url: string;
  readonly cancel_url: string | null;
  readonly url: string;
}

export interface PortalSession extends StripeObject {
  readonly customer: string;
  readonly return_url: string | null;
  readonly url: string;
}

/** An id as Stripe makes them: a prefix, and nothing that can be guessed. */
export const newId = (prefix: string): string => `${prefix}_${randomBytes(12).toString("hex")}`;
