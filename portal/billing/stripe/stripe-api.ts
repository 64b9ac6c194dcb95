import { createHash } from "node:crypto";
import { Stripe } from "stripe";
import type { User } from "../../identity/user.ts";
import { unlessAborted } from "../../unless-aborted.ts";
import { BillingUnreachableError } from "../errors.ts";
import { type Product, productIdOf } from "./standing.ts";

const TIMEOUT_MS = 10_000;
const RETRIES = 2;
/** Names of plans and their numbers of agents change rarely. */
const PRODUCTS_KEPT_MS = 600_000;
/** Two clicks within it lead to one page, so to one subscription. */
const ONE_CHECKOUT_MS = 600_000;

/** Stripe tried to make the customer and failed, and answers the same for a day: only another attempt can help. */
export class AttemptFailedError extends BillingUnreachableError {}

/** Stripe does not have the customer: it was deleted there, or the key is for another account or mode. */
export class CustomerMissingError extends Error {}

export interface CheckoutWish {
  readonly customer: string;
  readonly user: User;
  readonly price: string;
  readonly returnUrl: string;
  readonly trialDays: number;
  /** The subscription that was there before, if any. */
  readonly after: string | null;
  readonly now: Date;
}

/** Makes Stripe's client, which speaks one version of the API: the one that its package was made for. */
export function stripeClient(secretKey: string, apiBase?: string): Stripe {
  const base = apiBase === undefined ? undefined : new URL(apiBase);
  return new Stripe(secretKey, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: RETRIES,
    telemetry: false,
    appInfo: { name: "masumi-agents-portal" },
    ...(base && {
      host: base.hostname,
      port: base.port || (base.protocol === "https:" ? 443 : 80),
      protocol: base.protocol === "https:" ? "https" : "http",
    }),
  });
}

/** Every request that the portal sends to Stripe. All throw BillingUnreachableError if there is no answer to work with. */
export class StripeApi {
  readonly #stripe: Stripe;
  readonly #products = new Map<string, { readonly product: Product; readonly until: number }>();

  constructor(stripe: Stripe) {
    this.#stripe = stripe;
  }

  /**
   * Makes a user's customer. The same attempt makes the same customer, however often and from however many portals it is asked for.
   * The e-mail address is set afterwards: a key must come with the same request each time, and addresses change.
   */
  async customer(user: User, attempt: number, signal?: AbortSignal): Promise<string> {
    const key = { idempotencyKey: keyOf("customer", user.id, attempt) };
    const { id } = await this.#ask(signal, () =>
      this.#stripe.customers.create({ metadata: { user: user.id } }, key),
    ).catch((error: unknown) => {
      const { cause } = error as Error;
      throw cause instanceof Stripe.errors.StripeAPIError ? new AttemptFailedError({ cause }) : error;
    });
    const { email } = user;
    if (email !== null) await this.#ask(signal, () => this.#stripe.customers.update(id, { email }));
    return id;
  }

  /** @throws CustomerMissingError */
  async subscriptions(customer: string, signal?: AbortSignal): Promise<readonly Stripe.Subscription[]> {
    const list = await this.#ask(signal, () =>
      this.#stripe.subscriptions.list({
        customer,
        status: "all",
        limit: 100,
        expand: ["data.latest_invoice"],
      }),
    );
    return list.data;
  }

  /** Returns the products of subscriptions' prices, by their ids. */
  async products(
    subscriptions: readonly Stripe.Subscription[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Product>> {
    const prices = subscriptions.flatMap(({ items }) => items.data.map(({ price }) => price));
    const ids = [...new Set(prices.map(productIdOf))];
    return new Map(await Promise.all(ids.map(async (id) => [id, await this.#product(id, signal)] as const)));
  }

  async #product(id: string, signal?: AbortSignal): Promise<Product> {
    const kept = this.#products.get(id);
    if (kept && kept.until > performance.now()) return kept.product;
    const product = await this.#ask(signal, () => this.#stripe.products.retrieve(id));
    this.#products.set(id, { product, until: performance.now() + PRODUCTS_KEPT_MS });
    return product;
  }

  /** Returns a price with its product, or what Stripe has against looking at it. */
  async price(
    id: string,
    signal?: AbortSignal,
  ): Promise<{ readonly price: Stripe.Price; readonly product: Product } | "missing" | "refused"> {
    const { StripeAuthenticationError, StripePermissionError } = Stripe.errors;
    try {
      const price = await this.#ask(signal, () => this.#stripe.prices.retrieve(id));
      return { price, product: await this.#product(productIdOf(price), signal) };
    } catch (error) {
      const { cause } = error as Error;
      if (isMissing(cause)) return "missing";
      if (cause instanceof StripeAuthenticationError || cause instanceof StripePermissionError)
        return "refused";
      throw error;
    }
  }

  /** @throws CustomerMissingError */
  async checkout(wish: CheckoutWish, signal?: AbortSignal): Promise<string> {
    const { customer, user, price, returnUrl, trialDays, after, now } = wish;
    const period = Math.floor(now.getTime() / ONE_CHECKOUT_MS);
    const session = await this.#ask(signal, () =>
      this.#stripe.checkout.sessions.create(
        {
          mode: "subscription",
          customer,
          client_reference_id: user.id,
          line_items: [{ price, quantity: 1 }],
          success_url: withBilling(returnUrl, "done"),
          cancel_url: withBilling(returnUrl, "canceled"),
          // Whoever was a subscriber once has had the trial.
          ...(trialDays > 0 && after === null && { subscription_data: { trial_period_days: trialDays } }),
        },
        { idempotencyKey: keyOf("checkout", customer, price, returnUrl, trialDays, after, period) },
      ),
    );
    if (session.url === null)
      throw new BillingUnreachableError({ cause: new Error("the session has no page") });
    return session.url;
  }

  /** @throws CustomerMissingError */
  async customerPortal(customer: string, returnUrl: string, signal?: AbortSignal): Promise<string> {
    const session = await this.#ask(signal, () =>
      this.#stripe.billingPortal.sessions.create({ customer, return_url: withBilling(returnUrl, "changed") }),
    );
    return session.url;
  }

  async #ask<T>(signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
    try {
      return await unlessAborted(signal, request);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const isOfCustomer = isMissing(error) && (error as { param?: string }).param === "customer";
      throw isOfCustomer
        ? new CustomerMissingError("Stripe does not have the customer", { cause: error })
        : new BillingUnreachableError({ cause: error });
    }
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing";

/** Stripe takes keys of up to 255 characters, and whoever operates an account sees them: so a digest. */
function keyOf(...parts: readonly unknown[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return `masumi-${String(parts[0])}-${digest}`;
}

function withBilling(returnUrl: string, outcome: string): string {
  const url = new URL(returnUrl);
  url.searchParams.set("billing", outcome);
  return url.href;
}
