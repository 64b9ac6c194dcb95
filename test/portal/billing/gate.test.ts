import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BillingUnreachableError } from "../../../portal/billing/errors.ts";
import { outage } from "../../../portal/billing/stand-in/stand-in.ts";
import { ADA, type Billing, BOB, PAGE, startBilling } from "./billing.ts";
import { DATABASES, OPENS_WITHIN_MS, type TestDatabase } from "./databases.ts";

describe.each(DATABASES)("on $name", ({ isThere, open }) => {
  let database: TestDatabase;
  let billing: Billing;
  beforeAll(async () => {
    if (isThere) database = await open();
  }, OPENS_WITHIN_MS);
  afterAll(() => database?.close());
  beforeEach(async ({ skip }) => {
    skip(!isThere, "there is no PostgreSQL on this machine");
    await database.empty();
    billing = await startBilling(database);
  });
  afterEach(() => billing?.close());

  const settled = () => billing.settled();
  const stateOf = async (user = ADA) => (await billing.gate.status(user)).state;

  describe("a user without a subscription", () => {
    it("is sent to subscribe, pays there, and is admitted up to the plan's number", async () => {
      const { gate, payAt } = billing;
      expect(await gate.status(ADA)).toEqual({ state: "none", plan: null, allowed: 0, drainsAt: null });
      const refused = await gate.admit(ADA, 0);
      expect(refused).toMatchObject({ admitted: false, reason: "subscription" });
      const url = refused.admitted ? "" : (refused.checkoutUrl ?? "");
      expect(await payAt(url)).toBe(`${PAGE}?billing=done`);
      await settled();
      expect(await gate.admit(ADA, 0)).toEqual({ admitted: true, allowed: 3 });
      expect(await gate.admit(ADA, 2)).toEqual({ admitted: true, allowed: 3 });
      expect(await gate.status(ADA)).toEqual({
        state: "active",
        plan: "Three agents",
        allowed: 3,
        drainsAt: null,
      });
      expect(await gate.admit(BOB, 0)).toMatchObject({ admitted: false, reason: "subscription" });
      expect(billing.reported).toEqual([]);
    });

    it("has one customer and one checkout, however often and from wherever it is asked for", async () => {
      const { gate, standIn, another } = billing;
      const second = await another();
      const urls = await Promise.all(
        Array.from({ length: 6 }, (_, number) => (number % 2 ? gate : second).checkout(ADA, PAGE)),
      );
      expect(new Set(urls).size).toBe(1);
      const customers = [...standIn.account.customers.values()];
      expect(customers).toMatchObject([{ email: "ada@example.com", metadata: { user: "user-ada" } }]);
      expect(standIn.account.checkouts.size).toBe(1);
    });

    it("may have no address, and comes back to the page that was asked for", async () => {
      const url = await billing.gate.checkout(BOB, `${PAGE}?tab=mine#top`);
      expect(await billing.payAt(url)).toBe(`${PAGE}?tab=mine&billing=done#top`);
    });

    it("is not sent anywhere while Stripe fails, and as the same customer afterwards", async () => {
      const { gate, standIn } = billing;
      standIn.failWith((path) => (path === "/v1/checkout/sessions" ? outage : undefined));
      expect(await gate.admit(ADA, 0)).toEqual({ admitted: false, reason: "subscription" });
      expect(billing.reported).toHaveLength(1);
      standIn.failWith();
      billing.pass({ minutes: 10 });
      expect(await gate.admit(ADA, 0)).toMatchObject({ checkoutUrl: expect.stringContaining("/pay/") });
      expect(standIn.account.customers.size).toBe(1);
    });

    it("gets a customer after all when Stripe failed to make one", async () => {
      const { gate, standIn } = billing;
      standIn.failWith((path) => (path === "/v1/customers" ? outage : undefined));
      await expect(gate.checkout(ADA, PAGE)).rejects.toBeInstanceOf(BillingUnreachableError);
      standIn.failWith();
      expect(await gate.checkout(ADA, PAGE)).toContain("/pay/");
      expect(standIn.account.customers.size).toBe(1);
    });

    it("becomes a new customer when Stripe has the old one no longer", async () => {
      const { gate, standIn } = billing;
      await billing.subscribe(ADA);
      const old = await billing.customerOf(ADA);
      standIn.account.deleteCustomer(old);
      await settled();
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: false, reason: "subscription" });
      expect(await billing.customerOf(ADA)).not.toBe(old);
      await billing.subscribe(ADA);
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
    });
  });

  describe("a subscription", () => {
    it("with no room left leads to where it can be changed, not to a second one", async () => {
      const { gate, standIn } = billing;
      const subscription = await billing.subscribe(ADA);
      const refused = await gate.admit(ADA, 3);
      expect(refused).toEqual({
        admitted: false,
        reason: "limit",
        checkoutUrl: expect.stringContaining(`${standIn.url}/manage/`) as string,
      });
      expect(await gate.checkout(ADA, PAGE)).toContain("/manage/");
      standIn.account.changePlan(subscription, "price_ten");
      await settled();
      expect(await gate.admit(ADA, 3)).toEqual({ admitted: true, allowed: 10 });
      standIn.account.changePlan(subscription, "price_three", 2);
      await settled();
      expect(await gate.admit(ADA, 3)).toEqual({ admitted: true, allowed: 6 });
    });

    it("that ends is known at once, also to another portal, and that it is back", async () => {
      const { gate, standIn, another } = billing;
      const second = await another();
      const subscription = await billing.subscribe(ADA);
      expect(await second.admit(ADA, 0)).toMatchObject({ admitted: true });
      standIn.account.failPayment(subscription);
      standIn.account.cancel(subscription);
      await settled();
      expect(await second.admit(ADA, 0)).toMatchObject({ admitted: false, reason: "subscription" });
      expect(await stateOf()).toBe("lapsed");
      await billing.subscribe(ADA);
      await settled();
      expect(await second.admit(ADA, 0)).toMatchObject({ admitted: true });
      expect(await gate.status(ADA)).toMatchObject({ state: "active", drainsAt: null });
    });

    it("has a trial once", async () => {
      const { standIn, another } = billing;
      const gate = await another({ STRIPE_TRIAL_DAYS: "14" });
      await billing.payAt(await gate.checkout(ADA, PAGE));
      await settled();
      expect(await gate.status(ADA)).toMatchObject({ state: "trialing", allowed: 3 });
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
      const [subscription] = standIn.account.subscriptionsOf(await billing.customerOf(ADA));
      standIn.account.cancel(subscription?.id ?? "");
      await settled();
      await billing.payAt(await gate.checkout(ADA, PAGE));
      await settled();
      expect(await gate.status(ADA)).toMatchObject({ state: "active" });
    });

    it("to something else counts for nothing", async () => {
      const { gate, standIn } = billing;
      await gate.checkout(ADA, PAGE);
      standIn.account.subscribe(await billing.customerOf(ADA), "price_tea");
      await settled();
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: false, reason: "subscription" });
    });

    it("beside others counts if it is the best", async () => {
      const { gate, standIn } = billing;
      const first = await billing.subscribe(ADA);
      const customer = await billing.customerOf(ADA);
      standIn.account.subscribe(customer, "price_ten");
      standIn.account.subscribe(customer, "price_tea");
      await settled();
      expect(await gate.status(ADA)).toMatchObject({ plan: "Ten agents", allowed: 10 });
      standIn.account.cancel(first);
      await settled();
      expect(await gate.status(ADA)).toMatchObject({ state: "active", allowed: 10 });
    });
  });

  describe("what no webhook tells", () => {
    it("is found out after some minutes, at once for whoever comes from Stripe's page, and by nobody in between", async () => {
      const { gate, standIn } = billing;
      standIn.webhooks.isHolding = true;
      const subscription = await billing.subscribe(ADA);
      billing.pass({ seconds: 20 });
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
      billing.pass({ minutes: 61 });
      await gate.admit(ADA, 0);
      standIn.account.cancel(subscription);
      const before = standIn.requests.length;
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
      expect(standIn.requests.length).toBe(before);
      billing.pass({ minutes: 11 });
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: false });
    });

    it("admits nobody while Stripe cannot be asked, and the page shows what was known", async () => {
      const { gate, standIn } = billing;
      await billing.subscribe(ADA);
      await settled();
      await gate.admit(ADA, 0);
      standIn.failWith(() => outage);
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
      billing.pass({ minutes: 61 });
      await expect(gate.admit(ADA, 0)).rejects.toBeInstanceOf(BillingUnreachableError);
      expect(await gate.status(ADA)).toMatchObject({ state: "active", allowed: 3 });
      standIn.failWith();
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
    });

    it("is not waited for by whoever gives up", async () => {
      const { gate, standIn } = billing;
      await billing.subscribe(ADA);
      billing.pass({ minutes: 61 });
      const gone = new AbortController();
      standIn.failWith(() => new Promise((resolve) => setTimeout(resolve, 2000, undefined)));
      const asked = gate.admit(ADA, 0, gone.signal);
      gone.abort(new Error("gone"));
      await expect(asked).rejects.toThrow("gone");
    });
  });

  describe("a lapse", () => {
    const day = (date: string | null) => (Date.parse(date ?? "") - billing.now().getTime()) / 86_400_000;

    it("past due: admits in the grace period, then lists the user, until it is paid", async () => {
      const { gate, standIn } = billing;
      const subscription = await billing.subscribe(ADA);
      standIn.account.failPayment(subscription);
      await settled();
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
      const { state, drainsAt } = await gate.status(ADA);
      expect([state, Math.round(day(drainsAt))]).toEqual(["past_due", 7]);
      billing.pass({ days: 6 });
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
      billing.pass({ days: 1.1 });
      expect(await gate.lapsed?.(billing.now())).toEqual([ADA.id]);
      expect(await gate.lapsed?.(billing.now()), "again, should nobody have come to it").toEqual([ADA.id]);
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: false, reason: "subscription" });
      expect(await stateOf()).toBe("lapsed");
      standIn.account.recover(subscription);
      await settled();
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: true });
    });

    it("canceled: admits nobody, and lists the user after the grace period", async () => {
      const { gate, standIn } = billing;
      standIn.account.cancel(await billing.subscribe(ADA));
      await settled();
      expect(await gate.admit(ADA, 0)).toMatchObject({ admitted: false });
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
      billing.pass({ days: 7.1 });
      expect(await gate.lapsed?.(billing.now())).toEqual([ADA.id]);
    });

    it.each(["giveUp", "pause"] as const)("by Stripe's own doing (%s)", async (how) => {
      const { gate, standIn } = billing;
      const subscription = await billing.subscribe(ADA);
      standIn.account.failPayment(subscription);
      standIn.account[how](subscription);
      await settled();
      expect(await stateOf()).toBe("lapsed");
      billing.pass({ days: 7.1 });
      expect(await gate.lapsed?.(billing.now())).toEqual([ADA.id]);
    });

    it("that no webhook told is found, and one that is over without a word lists nobody", async () => {
      const { gate, standIn } = billing;
      standIn.webhooks.isHolding = true;
      const [ada, bob] = [await billing.subscribe(ADA), await billing.subscribe(BOB)];
      await gate.status(ADA);
      await gate.status(BOB);
      standIn.account.cancel(ada);
      standIn.account.failPayment(bob);
      billing.pass({ days: 2 });
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
      standIn.account.recover(bob);
      billing.pass({ days: 6 });
      expect(await gate.lapsed?.(billing.now())).toEqual([ADA.id]);
    });

    it("lists nobody on a doubt: while Stripe is down, or has never heard of the customer", async () => {
      const { gate, standIn } = billing;
      standIn.account.cancel(await billing.subscribe(ADA));
      await settled();
      await gate.status(ADA);
      billing.pass({ days: 8 });
      standIn.failWith(() => outage);
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
      standIn.failWith();
      expect(await gate.lapsed?.(billing.now())).toEqual([ADA.id]);
      billing.pass({ days: 1 });
      standIn.account.subscriptions.clear();
      standIn.account.customers.clear();
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
    });

    it("looks at those with agents alone, if it is told who has any", async () => {
      const { gate, standIn } = billing;
      for (const user of [ADA, BOB]) standIn.account.cancel(await billing.subscribe(user));
      await settled();
      billing.pass({ days: 8 });
      const before = standIn.requests.length;
      expect(await gate.lapsed?.(billing.now(), [])).toEqual([]);
      expect(standIn.requests.length).toBe(before);
      expect(await gate.lapsed?.(billing.now(), [BOB.id, "user-unknown"])).toEqual([BOB.id]);
      expect((await gate.lapsed?.(billing.now()))?.toSorted()).toEqual([ADA.id, BOB.id]);
    });

    it("counts from when it is seen if Stripe lists the subscription no longer", async () => {
      const { gate, standIn } = billing;
      await billing.subscribe(ADA);
      await settled();
      await gate.status(ADA);
      standIn.account.subscriptions.clear();
      billing.pass({ days: 30 });
      expect(await gate.lapsed?.(billing.now())).toEqual([]);
      expect(await stateOf()).toBe("lapsed");
      billing.pass({ days: 7.1 });
      expect(await gate.lapsed?.(billing.now())).toEqual([ADA.id]);
    });
  });
});
