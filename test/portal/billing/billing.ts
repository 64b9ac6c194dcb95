/** A gate with Stripe's stand-in behind it, and webhooks that really go from one to the other. */
import { Hono } from "hono";
import { openGate } from "../../../portal/billing/index.ts";
import type { Gate } from "../../../portal/billing/gate.ts";
import { billingSettings } from "../../../portal/billing/settings.ts";
import { type StandIn, startStandIn } from "../../../portal/billing/stand-in/stand-in.ts";
import type { Queries } from "../../../portal/database/database.ts";
import type { User } from "../../../portal/identity/user.ts";
import { until } from "../../cloud/processes.ts";
import { startServer } from "../server.ts";

export const SECRET_KEY = "sk_test_standin";
export const WEBHOOK_SECRET = "whsec_standin";
const LOOKED_AT_MS = 60_000;

export const PAGE = "http://127.0.0.1:4810/agents";

export const ADA: User = { id: "user-ada", email: "ada@example.com", isOperator: false };
export const BOB: User = { id: "user-bob", email: null, isOperator: false };

export const PLANS = [
  { price: "price_three", name: "Three agents", agents: 3, amount: 1900, currency: "eur" },
  { price: "price_ten", name: "Ten agents", agents: 10, amount: 4900, currency: "eur" },
  { price: "price_tea", name: "A pound of tea", agents: undefined, amount: 900, currency: "eur" },
] as const;

export interface Billing {
  readonly gate: Gate;
  readonly standIn: StandIn;
  readonly webhookUrl: string;
  /** What failed beside the requests. */
  readonly reported: unknown[];
  /** The time, for the portal and for Stripe. */
  now(): Date;
  pass(time: { readonly days?: number; readonly minutes?: number; readonly seconds?: number }): void;
  /** Makes another portal with the same database and the same Stripe. */
  readonly another: (settings?: Record<string, string>) => Promise<Gate>;
  /** Pays at the page that a checkout leads to, as a browser does, and returns where that leads. */
  readonly payAt: (url: string) => Promise<string>;
  /** Subscribes the whole way, and returns the subscription's id. */
  subscribe(user: User): Promise<string>;
  customerOf(user: User): Promise<string>;
  /** Every webhook has come, and was looked at. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function startBilling(
  queries: Queries,
  settings: Record<string, string> = {},
): Promise<Billing> {
  let ahead = 0;
  const clock = () => new Date(Date.now() + ahead);
  const reported: unknown[] = [];
  const report = (error: unknown) => void reported.push(error);
  const standIn = await startStandIn({ secretKey: SECRET_KEY, plans: PLANS, clock, report });
  const another = (more: Record<string, string> = {}) =>
    openGate({
      settings: billingSettings.parse({
        PORTAL_BILLING: "stripe",
        STRIPE_SECRET_KEY: SECRET_KEY,
        STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
        STRIPE_PRICE: "price_three",
        STRIPE_API_BASE: standIn.url,
        ...settings,
        ...more,
      }),
      queries,
      pageUrl: PAGE,
      report,
      clock,
    });
  const gate = await another();
  const app = new Hono();
  gate.routes?.(app);
  const portal = await startServer((request) => app.fetch(request));
  const webhookUrl = `${portal.url}/stripe/webhook`;
  standIn.webhooks.endpoint = { url: webhookUrl, secret: WEBHOOK_SECRET };

  const payAt = async (url: string): Promise<string> => {
    const page = await (await fetch(url)).text();
    const [, action] = /<form method="post" action="([^"]+)">/.exec(page) ?? [];
    const paid = await fetch(new URL(action ?? "", url), { method: "POST", redirect: "manual" });
    return paid.headers.get("location") ?? `status ${paid.status}`;
  };
  const customerOf = async (user: User): Promise<string> => {
    const [row] = await queries.query<{ customer: string }>(
      "SELECT customer FROM portal_billing_customers WHERE user_id = $1",
      [user.id],
    );
    return row?.customer ?? "";
  };
  const settled = async (): Promise<void> => {
    await standIn.webhooks.idle();
    await until("every webhook was looked at", LOOKED_AT_MS, async () => {
      const left = await queries.query("SELECT 1 FROM portal_billing_customers WHERE heard > seen");
      return left.length === 0 ? true : undefined;
    });
  };
  return {
    gate,
    standIn,
    settled,
    webhookUrl,
    reported,
    now: clock,
    pass({ days = 0, minutes = 0, seconds = 0 }) {
      ahead += ((days * 24 * 60 + minutes) * 60 + seconds) * 1000;
    },
    another,
    payAt,
    async subscribe(user) {
      await payAt(await gate.checkout(user, PAGE));
      await settled();
      const [subscription] = standIn.account.subscriptionsOf(await customerOf(user));
      return subscription?.id ?? "";
    },
    customerOf,
    async close() {
      await standIn.close();
      await portal.close();
    },
  };
}
