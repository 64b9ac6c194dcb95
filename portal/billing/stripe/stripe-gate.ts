import type { Hono } from "hono";
import type { User } from "../../identity/user.ts";
import { BillingInvalidError, BillingUnreachableError } from "../errors.ts";
import type { Admission, BillingStatus, Gate } from "../gate.ts";
import type { CustomerRow, Customers } from "./customers.ts";
import {
  agentsOf,
  type Consequence,
  consequenceOf,
  NO_STANDING,
  type Standing,
  standingOf,
} from "./standing.ts";
import { AttemptFailedError, CustomerMissingError, type StripeApi } from "./stripe-api.ts";
import { webhookRoute } from "./webhook.ts";

const MINUTE_MS = 60_000;
/** How long a user who was sent to one of Stripe's pages may be on the way there and back, and how old an answer may be meanwhile. */
const ON_THE_WAY_MS = 60 * MINUTE_MS;
const ON_THE_WAY_AGE_MS = 3_000;
/** What webhooks never told is found out within a day. */
const UNHEARD_OF_MS = 24 * 60 * MINUTE_MS;
/** How many users one look for lapsed ones asks Stripe about at most: a second or two each if it is slow. */
const MOST_LOOKS = 200;
/** Whoever writes first wins, and the others ask again: more than a few at once do not happen to one customer. */
const MOST_READS = 10;

export interface StripeGateOptions {
  readonly api: StripeApi;
  readonly customers: Customers;
  /** Verifies webhooks, and nothing else. */
  readonly webhookSecret: string;
  readonly price: string;
  readonly trialDays: number;
  readonly graceDays: number;
  /** How old Stripe's last answer may be. */
  readonly minutes: number;
  /** The portal's own page, where users come back to. */
  readonly pageUrl: string;
  readonly clock: () => Date;
  /** Hears of what failed beside the requests. */
  readonly report: (error: unknown) => void;
}

/**
 * Lets in who subscribes. What counts is what Stripe says when it is asked; a webhook only says that it is time to ask. So events may
 * come late, twice, in any order or never.
 */
export class StripeGate implements Gate {
  readonly #options: StripeGateOptions;
  readonly #looking = new Map<string, { readonly again: boolean }>();

  constructor(options: StripeGateOptions) {
    this.#options = options;
  }

  async admit(user: User, agents: number, signal?: AbortSignal): Promise<Admission> {
    const row = await this.#fresh(await this.#options.customers.of(user.id), signal);
    if (row === undefined || !this.#consequence(row).admits)
      return { admitted: false, reason: "subscription", ...(await this.#offer(user, signal)) };
    if (agents < row.allowed) return { admitted: true, allowed: row.allowed };
    return { admitted: false, reason: "limit", ...(await this.#offer(user, signal)) };
  }

  /** Where to change it. Without it the refusal is right all the same. */
  async #offer(user: User, signal: AbortSignal | undefined): Promise<{ checkoutUrl?: string }> {
    try {
      return { checkoutUrl: await this.checkout(user, this.#options.pageUrl, signal) };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      this.#options.report(error);
      return {};
    }
  }

  async status(user: User, signal?: AbortSignal): Promise<BillingStatus> {
    const row = await this.#known(user.id, signal);
    const standing = row ?? NO_STANDING;
    const { state, drainsAt } = this.#consequence(standing);
    const hasPlan = state !== "none";
    return {
      state,
      plan: hasPlan ? standing.plan : null,
      allowed: hasPlan && state !== "lapsed" ? standing.allowed : 0,
      drainsAt: drainsAt?.toISOString() ?? null,
    };
  }

  async #known(userId: string, signal: AbortSignal | undefined): Promise<CustomerRow | undefined> {
    const row = await this.#options.customers.of(userId);
    try {
      return await this.#fresh(row, signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      this.#options.report(error);
      return row;
    }
  }

  async checkout(user: User, returnUrl: string, signal?: AbortSignal): Promise<string> {
    const { api, price, trialDays, clock } = this.#options;
    return this.#withCustomer(user, signal, async (customer) => {
      const row = await this.#fresh(await this.#options.customers.of(user.id), signal);
      // A second subscription would be paid for and count for nothing.
      if (row && ["active", "trialing", "past_due"].includes(row.status))
        return api.customerPortal(customer, returnUrl, signal);
      const after = row?.subscription ?? null;
      return api.checkout({ customer, user, price, returnUrl, trialDays, after, now: clock() }, signal);
    });
  }

  async customerPortal(user: User, returnUrl: string, signal?: AbortSignal): Promise<string> {
    return this.#withCustomer(user, signal, (customer) =>
      this.#options.api.customerPortal(customer, returnUrl, signal),
    );
  }

  /** Sends a user to one of Stripe's pages, as the customer that they are; if Stripe has it no longer, as a new one. */
  async #withCustomer(
    user: User,
    signal: AbortSignal | undefined,
    send: (customer: string) => Promise<string>,
  ): Promise<string> {
    const { customers, clock } = this.#options;
    for (let isLast = false; ; isLast = true) {
      const { customer, attempt } = await this.#customerOf(user, signal);
      try {
        const url = await send(customer);
        await customers.wasSent(user.id, clock());
        return url;
      } catch (error) {
        if (!(error instanceof CustomerMissingError)) throw error;
        if (isLast) throw new BillingUnreachableError({ cause: error });
        await customers.startOver({ userId: user.id, attempt });
      }
    }
  }

  async #customerOf(
    user: User,
    signal: AbortSignal | undefined,
  ): Promise<{ customer: string; attempt: number }> {
    const { api, customers } = this.#options;
    const row = await customers.reserve(user.id);
    if (row.customer !== null) return { customer: row.customer, attempt: row.attempt };
    const made = await api.customer(user, row.attempt, signal).catch(async (error: unknown) => {
      if (error instanceof AttemptFailedError) await customers.startOver(row);
      throw error;
    });
    await customers.keep(user.id, row.attempt, made);
    const { customer, attempt } = await customers.reserve(user.id);
    if (customer === null) throw new BillingUnreachableError();
    return { customer, attempt };
  }

  routes(app: Hono): void {
    webhookRoute(app, this.#options.webhookSecret, async (event) => {
      const userId = await this.#options.customers.hear(event.id, event.type, event.customer);
      if (userId !== undefined) this.#look(userId);
    });
  }

  /** Asks Stripe about a user, beside the webhook that said so; once more if another webhook came meanwhile. */
  #look(userId: string): void {
    const isUnderWay = this.#looking.has(userId);
    this.#looking.set(userId, { again: true });
    if (!isUnderWay) void this.#lookWhileThereIsNews(userId);
  }

  async #lookWhileThereIsNews(userId: string): Promise<void> {
    try {
      while (this.#looking.get(userId)?.again === true) {
        this.#looking.set(userId, { again: false });
        const row = await this.#options.customers.of(userId);
        if (row && row.heard > row.seen) await this.#read(userId);
      }
    } catch (error) {
      // The note that Stripe is to be asked stays, for whoever needs the answer.
      this.#options.report(error);
    } finally {
      this.#looking.delete(userId);
    }
  }

  async lapsed(now: Date, among?: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
    const { customers, graceDays } = this.#options;
    await customers.forgetOldEvents();
    const unpaidBefore = new Date(now.getTime() - graceDays * 24 * 60 * MINUTE_MS);
    const readBefore = new Date(now.getTime() - UNHEARD_OF_MS);
    const lapsed: string[] = [];
    for (const due of await customers.due({ unpaidBefore, readBefore }, among, MOST_LOOKS)) {
      const row = await this.#freshOrUnknown(due, now, signal);
      if (row === "unreachable") break;
      const drainsAt = row && consequenceOf(row, now, graceDays).drainsAt;
      if (drainsAt && drainsAt <= now) lapsed.push(due.userId);
    }
    return lapsed;
  }

  /** Undefined if nobody can tell about this one. Nobody's agents leave on a doubt. */
  async #freshOrUnknown(
    due: CustomerRow,
    now: Date,
    signal: AbortSignal | undefined,
  ): Promise<CustomerRow | "unreachable" | undefined> {
    try {
      return this.#isFresh(due, now) ? due : await this.#read(due.userId, signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      this.#options.report(error);
      return error instanceof BillingUnreachableError ? "unreachable" : undefined;
    }
  }

  async check(signal?: AbortSignal): Promise<void> {
    const { api, price: id } = this.#options;
    const found = await api.price(id, signal);
    const problems: string[] = [];
    if (found === "refused")
      problems.push("STRIPE_SECRET_KEY: Stripe refuses the key, or the key may not read prices");
    else if (found === "missing")
      problems.push(`STRIPE_PRICE: there is no price ${id} in this account and mode`);
    else {
      if (!found.price.active) problems.push(`STRIPE_PRICE: the price ${id} is archived`);
      if (found.price.recurring === null)
        problems.push(`STRIPE_PRICE: the price ${id} is paid once, not regularly`);
      if (agentsOf(found.price, found.product) === undefined)
        problems.push(
          `STRIPE_PRICE: neither the price ${id} nor its product has a number in its metadata \`agents\``,
        );
    }
    if (problems.length > 0) throw new BillingInvalidError(problems);
  }

  /** Returns the row as it is, or asks Stripe if it is too old to say who may have an agent. */
  async #fresh(
    row: CustomerRow | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CustomerRow | undefined> {
    if (row?.customer == null || this.#isFresh(row, this.#options.clock())) return row;
    try {
      return await this.#read(row.userId, signal);
    } catch (error) {
      // A new customer is made when the user goes to subscribe.
      if (error instanceof CustomerMissingError) return { ...row, ...NO_STANDING };
      throw error;
    }
  }

  #isFresh({ heard, seen, readAt, sentAt }: CustomerRow, now: Date): boolean {
    if (heard > seen || readAt === null) return false;
    const isOnTheWay = sentAt !== null && now.getTime() - sentAt.getTime() < ON_THE_WAY_MS;
    const most = isOnTheWay ? ON_THE_WAY_AGE_MS : this.#options.minutes * MINUTE_MS;
    return now.getTime() - readAt.getTime() < most;
  }

  /**
   * Asks Stripe and writes down what it says. An answer is only written over one that had been written before it was asked for, so the
   * newest stays, however many ask at once.
   */
  async #read(userId: string, signal?: AbortSignal): Promise<CustomerRow | undefined> {
    const { customers, clock } = this.#options;
    for (let reads = 0; reads < MOST_READS; reads++) {
      const row = await customers.of(userId);
      if (row?.customer == null) return row;
      const readAt = clock();
      const standing = this.#heirOf(row, await this.#standing(row.customer, signal), readAt);
      const written = await customers.write(row, standing, readAt);
      if (written) return written;
    }
    throw new BillingUnreachableError({ cause: new Error("others kept writing the customer's row") });
  }

  async #standing(customer: string, signal: AbortSignal | undefined): Promise<Standing> {
    const subscriptions = await this.#options.api.subscriptions(customer, signal);
    return standingOf(subscriptions, await this.#options.api.products(subscriptions, signal));
  }

  /** A subscription that Stripe does not list any more has ended: the grace period begins when that is seen. */
  #heirOf(row: CustomerRow, standing: Standing, now: Date): Standing {
    if (standing.status !== "none" || row.status === "none") return standing;
    const { subscription, plan, allowed } = row;
    return { subscription, plan, allowed, status: "ended", unpaidSince: row.unpaidSince ?? now };
  }

  #consequence(standing: Pick<Standing, "status" | "unpaidSince">): Consequence {
    return consequenceOf(standing, this.#options.clock(), this.#options.graceDays);
  }
}
