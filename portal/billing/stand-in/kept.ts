import { readFileSync } from "node:fs";
import { z } from "zod";
import { writeAtomicallySync } from "../../../providers/common/atomic-write.ts";
import { BillingInvalidError } from "../errors.ts";
import type { Account } from "./account.ts";

/** Only whoever runs the portal has to know who its customers are. */
const MODE = 0o600;

const base = { id: z.string(), created: z.number(), livemode: z.literal(false) };
const metadata = z.record(z.string(), z.string());

const price = z.strictObject({
  ...base,
  object: z.string(),
  active: z.boolean(),
  currency: z.string(),
  metadata,
  nickname: z.string().nullable(),
  product: z.string(),
  recurring: z.strictObject({ interval: z.literal("month"), interval_count: z.literal(1) }).nullable(),
  type: z.enum(["recurring", "one_time"]),
  unit_amount: z.number(),
});

const kept = z.strictObject({
  version: z.literal(1),
  customers: z.array(z.strictObject({ ...base, object: z.string(), email: z.string().nullable(), metadata })),
  subscriptions: z.array(
    z.strictObject({
      ...base,
      object: z.string(),
      customer: z.string(),
      status: z.enum(["trialing", "active", "past_due", "unpaid", "canceled", "paused", "incomplete"]),
      cancel_at_period_end: z.boolean(),
      ended_at: z.number().nullable(),
      trial_end: z.number().nullable(),
      latest_invoice: z.string().nullable(),
      metadata,
      items: z.strictObject({
        object: z.literal("list"),
        data: z.array(
          z.strictObject({
            id: z.string(),
            object: z.literal("subscription_item"),
            price,
            quantity: z.number(),
          }),
        ),
      }),
    }),
  ),
  invoices: z.array(
    z.strictObject({ ...base, object: z.string(), customer: z.string(), status: z.enum(["paid", "open"]) }),
  ),
});

/**
 * Fills an account with what an earlier stand-in kept in a file; nothing if there is none yet.
 *
 * @throws BillingInvalidError if it is not what a stand-in keeps
 */
export function restore(account: Account, file: string): void {
  const text = textOf(file);
  if (text === undefined) return;
  const { customers, subscriptions, invoices } = parsed(text, file);
  for (const customer of customers) account.customers.set(customer.id, customer);
  for (const subscription of subscriptions) account.subscriptions.set(subscription.id, subscription);
  for (const invoice of invoices) account.invoices.set(invoice.id, invoice);
}

/** Keeps who an account's customers are, what they subscribed to and what they were billed. Pages that nobody has paid on are over. */
export function keep({ customers, subscriptions, invoices }: Account, file: string): void {
  const content: z.output<typeof kept> = {
    version: 1,
    customers: [...customers.values()],
    subscriptions: [...subscriptions.values()],
    invoices: [...invoices.values()],
  };
  writeAtomicallySync(file, JSON.stringify(content), MODE);
}

function parsed(text: string, file: string): z.output<typeof kept> {
  try {
    return kept.parse(JSON.parse(text));
  } catch (error) {
    const problem = `${file} is not what the local billing keeps: move it away, and customers subscribe anew`;
    throw new BillingInvalidError([problem], { cause: error });
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
