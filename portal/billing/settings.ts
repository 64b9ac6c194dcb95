import { z } from "zod";
import { isLoopbackUrl } from "../../providers/common/loopback.ts";

const days = (most: number) => z.coerce.number().int().min(0).max(most);

/** How users pay. Names are those of environment variables. */
export const billingSettings = z.object({
  /**
   * `none`: everybody may have any number of agents. `stripe`: as many as the user's subscription has room for. `local`: the same, with a
   * stand-in for Stripe on this machine that takes no money. @default local where the portal signs users in itself, else none
   */
  PORTAL_BILLING: z.enum(["none", "local", "stripe"]).default("none"),
  /** A secret or a restricted key. What it must be allowed to do is in docs/portal.md. */
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w+$/, "is no secret key (sk_…, rk_…)")
    .optional(),
  /** The signing secret of the webhook endpoint. */
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_\S+$/, "is no signing secret (whsec_…)")
    .optional(),
  /** The price that a new subscription has. It, or its product, says in its metadata how many agents that is: `agents`. */
  STRIPE_PRICE: z
    .string()
    .regex(/^price_\w+$/, "is no id of a price (price_…)")
    .optional(),
  /** Days before a user's first subscription costs something. @default 0 */
  STRIPE_TRIAL_DAYS: days(730).default(0),
  /** Where Stripe's API is. @default Stripe */
  STRIPE_API_BASE: z
    .url({ abort: true })
    .refine(isLoopbackUrl, "is for a stand-in on this machine; leave it out to use Stripe")
    .optional(),
  /** Days in which a subscription that is no longer paid for can come back before its agents leave. @default 7 */
  PORTAL_GRACE_DAYS: days(365).default(7),
  /** Minutes after which Stripe is asked again, if it has told nothing. @default 10 */
  PORTAL_BILLING_MINUTES: z.coerce.number().positive().max(1440).default(10),
});

export type BillingSettings = z.output<typeof billingSettings>;

/** Settings that only make sense together. To be given to zod's `superRefine` of all settings. */
export function checkBilling(settings: Partial<BillingSettings>, context: z.core.$RefinementCtx): void {
  const complain = (name: keyof BillingSettings, message: string) =>
    context.addIssue({ code: "custom", path: [name], message, input: undefined });
  if (settings.PORTAL_BILLING !== "stripe") return;
  for (const name of ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE"] as const)
    if (settings[name] === undefined) complain(name, "is needed with PORTAL_BILLING=stripe");
  if (settings.STRIPE_API_BASE !== undefined && settings.STRIPE_SECRET_KEY?.includes("_live_"))
    complain("STRIPE_API_BASE", "must not get a live key, which is for Stripe alone");
}
