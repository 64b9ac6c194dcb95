import { describe, expect, it } from "vitest";
import { openGate } from "../../../portal/billing/index.ts";
import { billingSettings, checkBilling } from "../../../portal/billing/settings.ts";
import { BillingInvalidError } from "../../../portal/billing/errors.ts";
import { outage, startStandIn } from "../../../portal/billing/stand-in/stand-in.ts";
import { ADA, PAGE, PLANS, SECRET_KEY } from "./billing.ts";

const STRIPE = {
  PORTAL_BILLING: "stripe",
  STRIPE_SECRET_KEY: SECRET_KEY,
  STRIPE_WEBHOOK_SECRET: "whsec_x",
  STRIPE_PRICE: "price_three",
};
const queries = { query: () => Promise.reject(new Error("nobody asks the database")) };
const checked = billingSettings.superRefine(checkBilling);

describe("the settings", () => {
  it("are complete without any", () => {
    expect(checked.parse({})).toMatchObject({
      PORTAL_BILLING: "none",
      PORTAL_GRACE_DAYS: 7,
      PORTAL_BILLING_MINUTES: 10,
    });
  });

  it.each([
    [{ PORTAL_BILLING: "paypal" }, ["PORTAL_BILLING"]],
    [{ PORTAL_BILLING: "stripe" }, ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE"]],
    [{ ...STRIPE, STRIPE_SECRET_KEY: "pk_test_x" }, ["STRIPE_SECRET_KEY"]],
    [{ ...STRIPE, STRIPE_WEBHOOK_SECRET: "sk_test_x" }, ["STRIPE_WEBHOOK_SECRET"]],
    [{ ...STRIPE, STRIPE_PRICE: "prod_x" }, ["STRIPE_PRICE"]],
    [{ ...STRIPE, STRIPE_API_BASE: "https://stripe.example.com" }, ["STRIPE_API_BASE"]],
    [
      { ...STRIPE, STRIPE_API_BASE: "http://127.0.0.1:1", STRIPE_SECRET_KEY: "sk_live_x" },
      ["STRIPE_API_BASE"],
    ],
    [{ ...STRIPE, PORTAL_GRACE_DAYS: "-1" }, ["PORTAL_GRACE_DAYS"]],
    [{ ...STRIPE, PORTAL_BILLING_MINUTES: "0" }, ["PORTAL_BILLING_MINUTES"]],
  ])("refuse %j", (settings, names) => {
    const { error } = checked.safeParse(settings);
    expect(error?.issues.map(({ path }) => path.join("."))).toEqual(names);
    expect(JSON.stringify(error?.issues)).not.toMatch(/sk_live_x|sk_test_x/);
  });
});

describe("without billing", () => {
  it("everybody may have any number of agents, and there is nowhere to pay", async () => {
    const settings = billingSettings.parse({});
    const gate = await openGate({ settings, queries, pageUrl: PAGE, report: () => undefined });
    expect(await gate.admit(ADA, 1000)).toEqual({ admitted: true, allowed: null });
    expect(await gate.status(ADA)).toEqual({ state: "none", plan: null, allowed: null, drainsAt: null });
    await expect(gate.checkout(ADA, PAGE)).rejects.toMatchObject({ status: 404 });
    await expect(gate.customerPortal(ADA, PAGE)).rejects.toMatchObject({ status: 404 });
  });
});

describe("before anybody is let in, it is said that", () => {
  const check = async (settings: Record<string, string>, isDown = false): Promise<unknown> => {
    const standIn = await startStandIn({ secretKey: SECRET_KEY, plans: PLANS });
    if (isDown) standIn.failWith(() => outage);
    try {
      const gate = await openGate({
        settings: billingSettings.parse({ ...STRIPE, STRIPE_API_BASE: standIn.url, ...settings }),
        queries,
        pageUrl: PAGE,
        report: () => undefined,
      });
      return await gate.check?.().catch((error: unknown) => error);
    } finally {
      await standIn.close();
    }
  };

  it.each([
    ["there is no such price", { STRIPE_PRICE: "price_unknown" }, "STRIPE_PRICE: there is no price"],
    ["whoever pays would get no agent", { STRIPE_PRICE: "price_tea" }, "metadata `agents`"],
    ["the key is refused", { STRIPE_SECRET_KEY: "sk_test_other" }, "STRIPE_SECRET_KEY"],
  ])("%s", async (_what, settings, said) => {
    const error = await check(settings);
    expect(error).toBeInstanceOf(BillingInvalidError);
    expect(String(error)).toContain(said);
    expect(String(error)).not.toContain("sk_test");
  });

  it("nothing is wrong", async () => {
    expect(await check({})).toBeUndefined();
  });

  it("Stripe cannot be asked", async () => {
    expect(await check({}, true)).toMatchObject({ status: 503 });
  });
});
