import { type Context, Hono } from "hono";
import { z } from "zod";
import { type Account, checkoutAnswer } from "./account.ts";
import { parseForm } from "./form.ts";
import { type Answer, Idempotency, problem } from "./idempotency.ts";
import { newId, type Subscription } from "./objects.ts";

const id = z.string().min(1).max(5000);
const metadata = z.record(z.string().max(40), z.string().max(500));
const url = z.url().max(5000);

/** What each request takes. Stripe refuses what it does not know, so this does too. */
const FORMS = {
  customer: z.strictObject({ email: z.string().max(512).optional(), metadata: metadata.optional() }),
  nothing: z.strictObject({}),
  subscriptions: z.strictObject({
    customer: id,
    status: z.enum(["all", "active", "canceled"]).optional(),
    limit: z.coerce.number().int().min(1).max(100).optional(),
    expand: z.strictObject({ 0: z.literal("data.latest_invoice") }).optional(),
  }),
  checkout: z.strictObject({
    mode: z.literal("subscription"),
    customer: id,
    client_reference_id: z.string().max(200).optional(),
    line_items: z.strictObject({ 0: z.strictObject({ price: id, quantity: z.literal("1") }) }),
    success_url: url,
    cancel_url: url.optional(),
    subscription_data: z
      .strictObject({ trial_period_days: z.coerce.number().int().min(1).max(730) })
      .optional(),
  }),
  portal: z.strictObject({ customer: id, return_url: url.optional() }),
};

export interface ApiOptions {
  readonly account: Account;
  readonly secretKey: string;
  /** The stand-in's own URL, for its pages. */
  readonly url: () => string;
  /** Hears of every request with its answer. */
  readonly record: (request: RecordedRequest) => void;
  /** Something that happens instead of an answer; undefined lets the request through. */
  readonly fault: (path: string) => Promise<Answer | undefined>;
}

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: Answer;
}

/** What of Stripe's API the portal uses. */
export function standInApi({ account, secretKey, url: base, record, fault }: ApiOptions): Hono {
  const app = new Hono();
  const kept = new Idempotency();

  const route = <F>(
    method: "GET" | "POST",
    path: string,
    form: z.ZodType<F>,
    work: (form: F, id: string) => Answer,
  ) =>
    app.on(method, path, async (context) => {
      const body = await context.req.text();
      const answer = await answerTo(context, body, form, work);
      const { pathname, search } = new URL(context.req.url);
      record({ method, path: pathname + search, body, headers: context.req.header(), answer });
      return Response.json(answer.body, {
        status: answer.status,
        headers: { "Request-Id": newId("req"), "Stripe-Version": "stand-in" },
      });
    });

  const answerTo = <F>(
    context: Context,
    body: string,
    form: z.ZodType<F>,
    work: (form: F, id: string) => Answer,
  ): Promise<Answer> => {
    if (context.req.header("authorization") !== `Bearer ${secretKey}`)
      return Promise.resolve(problem(401, "invalid_request_error", "Invalid API Key provided."));
    const { pathname, searchParams } = new URL(context.req.url);
    const text = context.req.method === "GET" ? searchParams.toString() : body;
    const read = form.safeParse(parseForm(text));
    const key = context.req.method === "POST" ? context.req.header("idempotency-key") : undefined;
    if (!read.success) return Promise.resolve(unreadable(read.error));
    return kept.answer(key, `${pathname}?${text}`, async () => {
      const instead = await fault(pathname);
      return instead ?? work(read.data, context.req.param("id") ?? "");
    });
  };

  route("POST", "/v1/customers", FORMS.customer, ({ email = null, metadata = {} }) =>
    ok(account.addCustomer(email, metadata)),
  );
  route("POST", "/v1/customers/:id", FORMS.customer, ({ email }, id) => {
    const customer = account.customers.get(id);
    if (customer === undefined) return missing("customer", id, "id");
    if (email !== undefined) account.changeEmail(customer, email);
    return ok(customer);
  });
  route("GET", "/v1/prices/:id", FORMS.nothing, (_form, id) => found(account.prices, "price", id));
  route("GET", "/v1/products/:id", FORMS.nothing, (_form, id) => found(account.products, "product", id));
  route("GET", "/v1/subscriptions", FORMS.subscriptions, ({ customer, status, limit = 10, expand }) => {
    if (!account.customers.has(customer) && account.subscriptionsOf(customer).length === 0)
      return missing("customer", customer, "customer");
    const data = account
      .subscriptionsOf(customer)
      .filter((one) => status === "all" || one.status === (status ?? "active"))
      .slice(0, limit)
      .map((one) => (expand ? withInvoice(account, one) : one));
    return ok({ object: "list", data, has_more: false, url: "/v1/subscriptions" });
  });
  route("POST", "/v1/checkout/sessions", FORMS.checkout, (form) => {
    const { customer, success_url, cancel_url = null, client_reference_id = null } = form;
    const { price } = form.line_items[0];
    if (!account.customers.has(customer)) return missing("customer", customer, "customer");
    if (!account.prices.has(price)) return missing("price", price, "line_items[0][price]");
    const made = account.base("cs_test", "checkout.session");
    const session = {
      ...made,
      customer,
      client_reference_id,
      mode: "subscription" as const,
      status: "open" as const,
      subscription: null,
      success_url,
      cancel_url,
      url: `${base()}/pay/${made.id}`,
    };
    const trialDays = form.subscription_data?.trial_period_days ?? 0;
    account.checkouts.set(made.id, { ...session, price, trialDays });
    return ok(checkoutAnswer({ ...session, price, trialDays }));
  });
  route("POST", "/v1/billing_portal/sessions", FORMS.portal, ({ customer, return_url = null }) => {
    if (!account.customers.has(customer)) return missing("customer", customer, "customer");
    const made = account.base("bps", "billing_portal.session");
    const session = { ...made, customer, return_url, url: `${base()}/manage/${made.id}` };
    account.portals.set(made.id, session);
    return ok(session);
  });
  return app;
}

const ok = (body: object): Answer => ({ status: 200, body: structuredClone(body) });

const found = (objects: ReadonlyMap<string, object>, kind: string, id: string): Answer => {
  const object = objects.get(id);
  return object === undefined ? missing(kind, id, "id") : ok(object);
};

const missing = (kind: string, id: string, param: string): Answer =>
  problem(param === "id" ? 404 : 400, "invalid_request_error", `No such ${kind}: '${id}'`, {
    code: "resource_missing",
    param,
  });

function unreadable(error: z.ZodError): Answer {
  const [issue] = error.issues;
  const param = issue?.code === "unrecognized_keys" ? (issue.keys[0] ?? "") : (issue?.path.join(".") ?? "");
  const code = issue?.code === "unrecognized_keys" ? "parameter_unknown" : "parameter_invalid";
  return problem(400, "invalid_request_error", `${code}: ${param}`, { code, param });
}

function withInvoice(account: Account, subscription: Subscription): object {
  const { latest_invoice } = subscription;
  return {
    ...subscription,
    latest_invoice: latest_invoice === null ? null : account.invoices.get(latest_invoice),
  };
}
