import {
  type CheckoutSession,
  type Customer,
  type Invoice,
  newId,
  type PortalSession,
  type Price,
  type Product,
  type Subscription,
} from "./objects.ts";
import type { Webhooks } from "./webhooks.ts";

const DAY_SECONDS = 86_400;

/** A plan that can be bought. */
export interface Plan {
  /** The price's id. */
  readonly price: string;
  readonly name: string;
  /** How many agents it is for, as the price's metadata say it; undefined says nothing. */
  readonly agents: number | undefined;
  /** A month's price in the currency's smallest unit. */
  readonly amount: number;
  readonly currency: string;
}

/** An account at the stand-in: what there is, and what can happen to it. Each change is told by the webhooks that Stripe sends for it. */
export class Account {
  readonly customers = new Map<string, Customer>();
  readonly products = new Map<string, Product>();
  readonly prices = new Map<string, Price>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly invoices = new Map<string, Invoice>();
  readonly checkouts = new Map<
    string,
    CheckoutSession & { readonly price: string; readonly trialDays: number }
  >();
  readonly portals = new Map<string, PortalSession>();
  readonly #webhooks: Webhooks;
  readonly #clock: () => Date;
  readonly #onChange: () => void;

  /** @param onChange hears of each change before anybody else does */
  constructor(webhooks: Webhooks, clock: () => Date, onChange: () => void = () => undefined) {
    this.#webhooks = webhooks;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  now(): number {
    return Math.floor(this.#clock().getTime() / 1000);
  }

  /** What every object has. */
  base<K extends string>(prefix: string, object: K) {
    return { id: newId(prefix), object, created: this.now(), livemode: false as const };
  }

  addPlan({ price: id, name, agents, amount, currency }: Plan): Price {
    const metadata: Record<string, string> = agents === undefined ? {} : { agents: String(agents) };
    const product: Product = {
      ...this.base("prod", "product"),
      // The same after a restart, as subscriptions name it.
      id: `prod_${id}`,
      active: true,
      name,
      metadata: {},
    };
    const price: Price = {
      ...this.base("price", "price"),
      id,
      active: true,
      currency,
      metadata,
      nickname: null,
      product: product.id,
      recurring: { interval: "month", interval_count: 1 },
      type: "recurring",
      unit_amount: amount,
    };
    this.products.set(product.id, product);
    this.prices.set(id, price);
    return price;
  }

  addCustomer(email: string | null, metadata: Customer["metadata"]): Customer {
    const customer: Customer = { ...this.base("cus", "customer"), email, metadata };
    this.customers.set(customer.id, customer);
    this.#onChange();
    return customer;
  }

  changeEmail(customer: Customer, email: string): void {
    customer.email = email;
    this.#onChange();
  }

  /** The customer pays on the checkout's page. */
  completeCheckout(id: string): Subscription {
    const session = get(this.checkouts, id);
    if (session.status !== "open") throw new Error(`The checkout ${id} is ${session.status}`);
    const subscription = this.subscribe(session.customer, session.price, session.trialDays);
    session.status = "complete";
    session.subscription = subscription.id;
    this.#tell("checkout.session.completed", checkoutAnswer(session));
    return subscription;
  }

  subscribe(customer: string, price: string, trialDays = 0, quantity = 1): Subscription {
    const subscription: Subscription = {
      ...this.base("sub", "subscription"),
      customer,
      status: trialDays > 0 ? "trialing" : "active",
      cancel_at_period_end: false,
      ended_at: null,
      trial_end: trialDays > 0 ? this.now() + trialDays * DAY_SECONDS : null,
      latest_invoice: null,
      metadata: {},
      items: {
        object: "list",
        data: [{ id: newId("si"), object: "subscription_item", price: get(this.prices, price), quantity }],
      },
    };
    this.subscriptions.set(subscription.id, subscription);
    this.#tell("customer.subscription.created", subscription);
    this.#bill(subscription, "paid");
    return subscription;
  }

  /** A period ends and its payment succeeds, also that of a trial. */
  renew(id: string): void {
    this.#bill(this.#change(id, { status: "active" }), "paid");
  }

  /** A period ends and its payment fails. */
  failPayment(id: string): void {
    this.#bill(get(this.subscriptions, id), "open");
    this.#change(id, { status: "past_due" });
  }

  /** The customer pays what is open. */
  recover(id: string): void {
    const { latest_invoice } = get(this.subscriptions, id);
    const invoice = get(this.invoices, latest_invoice ?? "");
    invoice.status = "paid";
    this.#tell("invoice.paid", invoice);
    this.#change(id, { status: "active" });
  }

  /** Stripe gives up collecting, and keeps the subscription. */
  giveUp(id: string): void {
    this.#change(id, { status: "unpaid" });
  }

  /** A trial ends without a means of payment. */
  pause(id: string): void {
    this.#change(id, { status: "paused" });
  }

  cancelAtPeriodEnd(id: string, isCanceled: boolean): void {
    this.#change(id, { cancel_at_period_end: isCanceled });
  }

  /** The subscription ends now. */
  cancel(id: string): void {
    const subscription = get(this.subscriptions, id);
    if (subscription.status === "canceled") return;
    Object.assign(subscription, { status: "canceled", ended_at: this.now() });
    this.#tell("customer.subscription.deleted", subscription);
  }

  changePlan(id: string, price: string, quantity = 1): void {
    const subscription = get(this.subscriptions, id);
    for (const item of subscription.items.data)
      Object.assign(item, { price: get(this.prices, price), quantity });
    this.#tell("customer.subscription.updated", subscription);
  }

  /** Whoever operates the account deletes a customer, which ends the customer's subscriptions. */
  deleteCustomer(id: string): void {
    const customer = get(this.customers, id);
    for (const subscription of this.subscriptionsOf(id)) this.cancel(subscription.id);
    this.customers.delete(id);
    this.#tell("customer.deleted", customer);
  }

  /** Newest first, as Stripe lists them. */
  subscriptionsOf(customer: string): Subscription[] {
    return [...this.subscriptions.values()].filter((one) => one.customer === customer).toReversed();
  }

  #tell(type: string, object: object): void {
    this.#onChange();
    this.#webhooks.emit(type, object);
  }

  #change(id: string, change: Partial<Subscription>): Subscription {
    const subscription = get(this.subscriptions, id);
    if (subscription.status === "canceled") throw new Error(`The subscription ${id} is canceled for good`);
    Object.assign(subscription, change);
    this.#tell("customer.subscription.updated", subscription);
    return subscription;
  }

  #bill(subscription: Subscription, status: Invoice["status"]): void {
    const invoice: Invoice = { ...this.base("in", "invoice"), customer: subscription.customer, status };
    this.invoices.set(invoice.id, invoice);
    subscription.latest_invoice = invoice.id;
    this.#tell(status === "paid" ? "invoice.paid" : "invoice.payment_failed", invoice);
  }
}

/** A checkout as the API shows it, without what only its page needs. */
export function checkoutAnswer(
  session: CheckoutSession & { readonly price: string; readonly trialDays: number },
): CheckoutSession {
  const { price: _price, trialDays: _trialDays, ...answer } = session;
  return answer;
}

export function get<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (found === undefined) throw new Error(`There is no ${id}`);
  return found;
}
