import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Account } from "../../../portal/billing/stand-in/account.ts";
import { ADA, type Billing, PAGE, startBilling } from "./billing.ts";
import { embedded, OPENS_WITHIN_MS, type TestDatabase } from "./databases.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await embedded();
}, OPENS_WITHIN_MS);
afterAll(() => database.close());

/** Many lives, each with its own servers. */
const LIVES_MS = 300_000;

/** What can happen to a subscription that has not ended, by the status that it has. */
const STEPS = {
  renew: (account: Account, id: string) => account.renew(id),
  fail: (account: Account, id: string) => account.failPayment(id),
  recover: (account: Account, id: string) => account.recover(id),
  giveUp: (account: Account, id: string) => account.giveUp(id),
  grow: (account: Account, id: string) => account.changePlan(id, "price_ten"),
  shrink: (account: Account, id: string) => account.changePlan(id, "price_three"),
  cancel: (account: Account, id: string) => account.cancel(id),
};

/** A life: steps one after another; whoever has canceled subscribes again. */
const life = fc.array(fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])), {
  minLength: 1,
  maxLength: 8,
});

function live(account: Account, customer: string, steps: readonly (keyof typeof STEPS)[]): void {
  let { id } = account.subscribe(customer, "price_three");
  for (const step of steps) {
    STEPS[step](account, id);
    if (step === "cancel") ({ id } = account.subscribe(customer, "price_three"));
  }
}

/** What must be so in the end, from nothing but the account as it is. */
function truth({ account }: Billing["standIn"], customer: string): object {
  const [newest] = account.subscriptionsOf(customer);
  if (newest === undefined) return { state: "none" };
  const allowed = newest.items.data[0]?.price.id === "price_ten" ? 10 : 3;
  if (newest.status === "active") return { state: "active", allowed, drainsAt: null };
  return newest.status === "past_due" ? { state: "past_due", allowed } : { state: "lapsed", allowed: 0 };
}

it(
  "ends in the state that Stripe has, in whatever order and however often a life's events come",
  { timeout: LIVES_MS },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        life,
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 4 }),
        async (steps, choices, atOnce) => {
          await database.empty();
          const billing = await startBilling(database);
          try {
            const { standIn, gate } = billing;
            await gate.checkout(ADA, PAGE);
            const customer = await billing.customerOf(ADA);
            standIn.webhooks.isHolding = true;
            live(standIn.account, customer, steps);
            // Each event twice, in an order of chance, some at the same time; and the page looks in between.
            const order = [...standIn.webhooks.held, ...standIn.webhooks.held]
              .map((event) => ({ event, at: choices.next().value }))
              .toSorted((a, b) => a.at - b.at);
            for (let first = 0; first < order.length; first += atOnce) {
              const some = order.slice(first, first + atOnce);
              const statuses = await Promise.all(some.map(({ event }) => standIn.webhooks.send(event)));
              expect(statuses).toEqual(some.map(() => 200));
              if (first % 3 === 0) await gate.status(ADA);
            }
            await billing.settled();
            expect(await gate.status(ADA)).toMatchObject(truth(standIn, customer));
            expect(billing.reported).toEqual([]);
          } finally {
            await billing.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  },
);

it(
  "ends in that state too if each step's events come before the next step, from several portals",
  { timeout: LIVES_MS },
  async () => {
    await fc.assert(
      fc.asyncProperty(life, fc.infiniteStream(fc.nat(99)), async (steps, choices) => {
        await database.empty();
        const billing = await startBilling(database);
        try {
          const { standIn, gate } = billing;
          const portals = [gate, await billing.another()];
          await gate.checkout(ADA, PAGE);
          const customer = await billing.customerOf(ADA);
          const looks: Promise<unknown>[] = [];
          // Answers take a while, so that older ones may come after newer ones.
          standIn.failWith(
            () => new Promise((resolve) => setTimeout(resolve, choices.next().value % 20, undefined)),
          );
          let { id } = standIn.account.subscribe(customer, "price_three");
          for (const step of steps) {
            STEPS[step](standIn.account, id);
            looks.push(...portals.map((portal) => portal.admit(ADA, 0)));
            if (step === "cancel") ({ id } = standIn.account.subscribe(customer, "price_three"));
          }
          await Promise.all(looks);
          await billing.settled();
          for (const portal of portals)
            expect(await portal.status(ADA)).toMatchObject(truth(standIn, customer));
        } finally {
          await billing.close();
        }
      }),
      { numRuns: 15 },
    );
  },
);
