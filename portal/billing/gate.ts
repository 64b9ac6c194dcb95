import type { Hono } from "hono";
import type { User } from "../identity/user.ts";

/** Whether a user may have one more agent. */
export type Admission =
  /** Yes, as long as fewer than `allowed` are there when it is stored; null, or not said, is any number. */
  | { readonly admitted: true; readonly allowed?: number | null }
  /** No: there is no subscription that counts, or its plan has no room left. `checkoutUrl` is where to change that. */
  | { readonly admitted: false; readonly reason: "subscription" | "limit"; readonly checkoutUrl?: string };

/** What a user pays for. */
export interface BillingStatus {
  readonly state: "none" | "active" | "trialing" | "past_due" | "lapsed";
  /** The plan's name; null without one. */
  readonly plan: string | null;
  /** How many agents the plan has room for; null is any number. */
  readonly allowed: number | null;
  /** When the user's agents leave unless the plan is paid for, ISO 8601; null if nothing is due. */
  readonly drainsAt: string | null;
}

/** Decides who may have how many agents. */
export interface Gate {
  /**
   * Asks whether a user may have one more agent. It may ask Stripe, so it is to be called before the transaction that stores the agent,
   * never within: the embedded database has one connection. In that transaction, under a lock that is the user's own, count again and
   * store the agent only if there are still fewer than `allowed`, or as many as were asked for: of two requests at once, one gets the
   * last place.
   *
   * @param agents how many agents the user has
   * @throws BillingUnreachableError if nobody can tell; nothing is admitted then
   * @example
   * const admission = await gate.admit(user, await agents.countOf(user.id), signal);
   * if (!admission.admitted) return paymentRequired(admission);
   * await database.transaction(async (queries) => {
   *   await queries.query("SELECT 1 FROM portal_customers WHERE user_id = $1 FOR UPDATE", [user.id]);
   *   const count = await agents.countOf(user.id, queries);
   *   if (count >= (admission.allowed ?? Infinity)) return limitReached();
   *   await agents.insert(agent, queries);
   * });
   */
  admit(user: User, agents: number, signal?: AbortSignal): Promise<Admission>;

  /** What to show the user. While Stripe cannot be asked, that is what was known last. */
  status(user: User, signal?: AbortSignal): Promise<BillingStatus>;

  /**
   * Returns where the user subscribes; where the plan is managed if there is one already.
   *
   * @param returnUrl where the user comes back to, with `billing=done` or `billing=canceled` in its query
   */
  checkout(user: User, returnUrl: string, signal?: AbortSignal): Promise<string>;

  /** Returns where the user changes the plan, the means of payment, or cancels. */
  customerPortal(user: User, returnUrl: string, signal?: AbortSignal): Promise<string>;

  /** Adds what is asked from outside: `POST /stripe/webhook`. */
  routes?(app: Hono): void;

  /**
   * Returns the users whose grace period is over, so that their agents leave: the portal removes their declarations as users do.
   * Stripe has just said so of each, never only an old note. It lists them again until nobody asks, so whoever is killed asks again.
   *
   * @param among the users who have agents; nobody else is looked at. @default every user that pays, or has paid
   */
  lapsed?(now: Date, among?: readonly string[], signal?: AbortSignal): Promise<readonly string[]>;

  /**
   * Looks whether the settings can work, before anybody is let in.
   *
   * @throws BillingInvalidError with all problems
   */
  check?(signal?: AbortSignal): Promise<void>;
}
