import type { Stripe } from "stripe";
import type { BillingStatus } from "../gate.ts";

const DAY_MS = 86_400_000;

/** What of a customer's subscriptions counts. */
export interface Standing {
  readonly subscription: string | null;
  readonly status: "none" | "trialing" | "active" | "past_due" | "ended";
  readonly plan: string | null;
  readonly allowed: number;
  /** Since when it is not paid for; null if it is. */
  readonly unpaidSince: Date | null;
}

export const NO_STANDING: Standing = {
  subscription: null,
  status: "none",
  plan: null,
  allowed: 0,
  unpaidSince: null,
};

/** What a price's product says. */
export interface Product {
  readonly name: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Returns how many agents a price stands for, by its own metadata or its product's; undefined if they do not say. */
export function agentsOf(
  price: Pick<Stripe.Price, "metadata">,
  product: Product | undefined,
): number | undefined {
  const text = price.metadata["agents"] ?? product?.metadata["agents"];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

/**
 * Returns what counts of a customer's subscriptions: the best of them. It depends on what Stripe says now and on nothing that was
 * known before, so it does not matter in which order anything was heard.
 */
export function standingOf(
  subscriptions: readonly Stripe.Subscription[],
  products: ReadonlyMap<string, Product>,
): Standing {
  const standings = subscriptions.flatMap((subscription) => one(subscription, products) ?? []);
  return standings.toSorted(betterFirst)[0] ?? NO_STANDING;
}

const RANKS: readonly Standing["status"][] = ["active", "trialing", "past_due", "ended", "none"];

const betterFirst = (a: Standing, b: Standing): number =>
  RANKS.indexOf(a.status) - RANKS.indexOf(b.status) ||
  b.allowed - a.allowed ||
  Number(b.unpaidSince) - Number(a.unpaidSince) ||
  (a.subscription ?? "").localeCompare(b.subscription ?? "");

/** Undefined if it is nothing of ours: no price of it says how many agents it is for. */
function one(
  subscription: Stripe.Subscription,
  products: ReadonlyMap<string, Product>,
): Standing | undefined {
  let plan: string | null = null;
  let allowed: number | undefined;
  for (const { price, quantity } of subscription.items.data) {
    const product = products.get(productIdOf(price));
    const agents = agentsOf(price, product);
    if (agents === undefined) continue;
    plan ??= product?.name ?? price.nickname;
    allowed = (allowed ?? 0) + agents * (quantity ?? 1);
  }
  if (allowed === undefined) return undefined;
  return { subscription: subscription.id, plan, allowed, ...paymentOf(subscription) };
}

export const productIdOf = ({ product }: Pick<Stripe.Price, "product">): string =>
  typeof product === "string" ? product : product.id;

function paymentOf(subscription: Stripe.Subscription): Pick<Standing, "status" | "unpaidSince"> {
  switch (subscription.status) {
    case "active":
      return { status: "active", unpaidSince: null };
    case "trialing":
      return { status: "trialing", unpaidSince: null };
    case "past_due":
      return { status: "past_due", unpaidSince: invoiceDate(subscription) };
    case "unpaid":
      return { status: "ended", unpaidSince: invoiceDate(subscription) };
    case "paused":
      return { status: "ended", unpaidSince: dateOf(subscription.trial_end ?? subscription.created) };
    case "canceled":
      return { status: "ended", unpaidSince: dateOf(subscription.ended_at ?? subscription.created) };
    // incomplete, incomplete_expired: the first payment was never made. A status that Stripe adds one day admits nobody.
    default:
      return { status: "none", unpaidSince: null };
  }
}

/** A subscription is past due since its newest invoice was made. */
function invoiceDate({ latest_invoice, created }: Stripe.Subscription): Date {
  if (typeof latest_invoice === "string") throw new Error("the subscription's invoice was not expanded");
  return dateOf(latest_invoice?.created ?? created);
}

const dateOf = (seconds: number) => new Date(seconds * 1000);

/** What a standing means at a moment, with so many days of grace. */
export interface Consequence {
  readonly state: BillingStatus["state"];
  readonly admits: boolean;
  readonly drainsAt: Date | null;
}

export function consequenceOf(
  { status, unpaidSince }: Pick<Standing, "status" | "unpaidSince">,
  now: Date,
  graceDays: number,
): Consequence {
  if (status === "active" || status === "trialing") return { state: status, admits: true, drainsAt: null };
  if (status === "none" || unpaidSince === null) return { state: "none", admits: false, drainsAt: null };
  const drainsAt = new Date(unpaidSince.getTime() + graceDays * DAY_MS);
  const isInGrace = now < drainsAt;
  return status === "past_due" && isInGrace
    ? { state: "past_due", admits: true, drainsAt }
    : { state: "lapsed", admits: false, drainsAt };
}
