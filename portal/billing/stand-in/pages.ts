import { Hono } from "hono";
import { html } from "hono/html";
import { type Account, get } from "./account.ts";
import type { Price, Subscription } from "./objects.ts";

const STYLE = `body { font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; max-width: 26rem; margin: 4rem auto; padding: 0 1rem }
button { font: inherit; padding: 0.5rem 1rem; margin: 0.25rem 0.5rem 0.25rem 0 } .note { opacity: 0.7 }`;

const page = (title: string, body: ReturnType<typeof html>) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
          <p class="note">A stand-in for Stripe on this machine. No money moves.</p>
        </main>
      </body>
    </html>`;

const button = (action: string, label: string) =>
  html`<form method="post" action="${action}"><button>${label}</button></form>`;

const amountOf = ({ unit_amount, currency, recurring }: Price): string =>
  `${(unit_amount / 100).toFixed(2)} ${currency.toUpperCase()}${recurring ? " a month" : ""}`;

/** Pages that users are sent to: one to pay, one to manage what is paid for. */
export function standInPages(account: Account): Hono {
  const app = new Hono();

  app.get("/pay/:id", (context) => {
    const session = account.checkouts.get(context.req.param("id"));
    if (session?.status !== "open") return context.html(page("This checkout is over", html``), 404);
    const price = get(account.prices, session.price);
    const { name } = get(account.products, price.product);
    const trial = session.trialDays > 0 ? html`<p>Free for ${session.trialDays} days.</p>` : "";
    return context.html(
      page(
        `Subscribe to ${name}`,
        html`<p>${amountOf(price)}</p>
          ${trial} ${button(`/pay/${session.id}`, "Pay")}
          <p><a href="${session.cancel_url ?? "#"}">Back</a></p>`,
      ),
    );
  });
  app.post("/pay/:id", (context) => {
    const session = account.checkouts.get(context.req.param("id"));
    if (session?.status !== "open") return context.html(page("This checkout is over", html``), 404);
    account.completeCheckout(session.id);
    return context.redirect(session.success_url, 303);
  });

  app.get("/manage/:id", (context) => {
    const session = account.portals.get(context.req.param("id"));
    if (session === undefined) return context.html(page("This page is over", html``), 404);
    const subscriptions = account.subscriptionsOf(session.customer);
    return context.html(
      page(
        "Your subscription",
        html`${subscriptions.map((one) => subscriptionPart(account, session.id, one))}
          <p><a href="${session.return_url ?? "#"}">Back</a></p>`,
      ),
    );
  });
  app.post("/manage/:id/:subscription/:action", (context) => {
    const { id, subscription, action } = context.req.param();
    const session = account.portals.get(id);
    const isTheirs = session && account.subscriptions.get(subscription)?.customer === session.customer;
    const act = ACTIONS.get(action);
    if (!isTheirs || act?.when.includes(get(account.subscriptions, subscription).status) !== true)
      return context.html(page("This page is over", html``), 404);
    act.run(account, subscription);
    return context.redirect(`/manage/${id}`, 303);
  });
  return app;
}

interface Action {
  readonly label: string;
  readonly when: readonly Subscription["status"][];
  run(account: Account, subscription: string): void;
}

/** What Stripe's own page has, and two things that only happen by themselves there. */
const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries<Action>({
    cancel: {
      label: "Cancel the subscription",
      when: ["active", "trialing", "past_due"],
      run: (account, id) => account.cancel(id),
    },
    pay: {
      label: "Pay what is open",
      when: ["past_due", "unpaid"],
      run: (account, id) => account.recover(id),
    },
    fail: {
      label: "Let the next payment fail",
      when: ["active", "trialing"],
      run: (account, id) => account.failPayment(id),
    },
  }),
);

function subscriptionPart(account: Account, session: string, subscription: Subscription) {
  const [item] = subscription.items.data;
  const name = item ? account.products.get(item.price.product)?.name : "";
  const actions = [...ACTIONS].filter(([, { when }]) => when.includes(subscription.status));
  return html`<section>
    <h2>${name}</h2>
    <p>${item ? amountOf(item.price) : ""}: <strong>${subscription.status}</strong></p>
    ${actions.map(([action, { label }]) => button(`/manage/${session}/${subscription.id}/${action}`, label))}
  </section>`;
}
