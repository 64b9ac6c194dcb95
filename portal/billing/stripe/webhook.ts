import type { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Stripe } from "stripe";
import { z } from "zod";
import { HttpProblem } from "../../problem.ts";

/** Stripe's largest events are a tenth of it. */
const MOST_BYTES = 1_048_576;

/** What a webhook is about. No more of an event is believed, since it may be older than what is known. */
export interface Heard {
  readonly id: string;
  readonly type: string;
  readonly customer: string;
}

/**
 * Adds `POST /stripe/webhook`. The answer is 200 as soon as the event is written down; events that are not about a customer are
 * answered too, since Stripe sends others again for days.
 */
export function webhookRoute(app: Hono, secret: string, hear: (heard: Heard) => Promise<void>): void {
  const limit = bodyLimit({
    maxSize: MOST_BYTES,
    onError: () => refused(413, "too-large", "An event is smaller than a megabyte.").getResponse(),
  });
  app.post("/stripe/webhook", limit, async (context) => {
    const signature = context.req.header("stripe-signature") ?? "";
    // The signature is over the very bytes: nothing may parse and print them again.
    const body = Buffer.from(await context.req.arrayBuffer());
    const event = await verified(body, signature, secret);
    const customer = customerOf(event.data.object);
    if (customer !== undefined) await hear({ id: event.id, type: event.type, customer });
    return context.json({ received: true });
  });
}

async function verified(body: Buffer, signature: string, secret: string): Promise<z.output<typeof signed>> {
  try {
    return signed.parse(await Stripe.webhooks.constructEventAsync(body, signature, secret));
  } catch (error) {
    throw refused(
      400,
      "signature",
      "The body is no event, or has no signature of Stripe's for this endpoint, or an old one.",
      error,
    );
  }
}

const signed = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  data: z.object({
    object: z.object({ object: z.string(), id: z.unknown().optional(), customer: z.unknown().optional() }),
  }),
});

function customerOf({ object: kind, id, customer }: { object: string; id?: unknown; customer?: unknown }) {
  const value = kind === "customer" ? id : customer;
  return typeof value === "string" ? value : undefined;
}

const refused = (status: number, error: string, detail: string, cause?: unknown) =>
  new HttpProblem({ status, error, title: "Not an event of Stripe's", detail }, { cause });
