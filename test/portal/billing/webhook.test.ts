import { request } from "node:http";
import { Stripe } from "stripe";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StandInEvent } from "../../../portal/billing/stand-in/webhooks.ts";
import { ADA, type Billing, startBilling, WEBHOOK_SECRET } from "./billing.ts";
import { embedded, OPENS_WITHIN_MS, type TestDatabase } from "./databases.ts";

let database: TestDatabase;
let billing: Billing;
beforeAll(async () => {
  database = await embedded();
}, OPENS_WITHIN_MS);
afterAll(() => database.close());
beforeEach(async () => {
  await database.empty();
  billing = await startBilling(database);
});
afterEach(() => billing.close());

const sign = (payload: string, options: { secret?: string; timestamp?: number; scheme?: string } = {}) =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET, ...options });

const post = (payload: string, headers: Record<string, string>) =>
  fetch(billing.webhookUrl, { method: "POST", body: payload, headers });

const events = () => database.query("SELECT id FROM portal_billing_events");
const heard = async () =>
  (await database.query<{ heard: number }>("SELECT heard FROM portal_billing_customers"))[0]?.heard;

/** An event that a subscription of Ada's has ended, which was not sent. */
async function canceled(): Promise<StandInEvent> {
  const subscription = await billing.subscribe(ADA);
  await billing.settled();
  billing.standIn.webhooks.isHolding = true;
  billing.standIn.account.cancel(subscription);
  const [event] = billing.standIn.webhooks.held;
  if (event === undefined) throw new Error("nothing was held back");
  return event;
}

const seconds = () => Math.floor(Date.now() / 1000);

describe("an event is refused, and leaves nothing behind,", () => {
  const cases: [string, (payload: string) => Record<string, string>][] = [
    ["without a signature", () => ({})],
    ["with an empty signature", () => ({ "Stripe-Signature": "" })],
    [
      "signed with another secret",
      (payload) => ({ "Stripe-Signature": sign(payload, { secret: "whsec_other" }) }),
    ],
    [
      "signed for another body",
      (payload) => ({ "Stripe-Signature": sign(payload.replace("canceled", "active")) }),
    ],
    [
      "signed too long ago",
      (payload) => ({ "Stripe-Signature": sign(payload, { timestamp: seconds() - 3600 }) }),
    ],
    ["signed in a scheme for tests", (payload) => ({ "Stripe-Signature": sign(payload, { scheme: "v0" }) })],
    [
      "with a time that was changed",
      (payload) => ({
        "Stripe-Signature": sign(payload, { timestamp: seconds() - 3600 }).replace(/t=\d+/, `t=${seconds()}`),
      }),
    ],
    ["signed with no secret", (payload) => ({ "Stripe-Signature": sign(payload, { secret: "whsec_" }) })],
    ["with a signature that is none", () => ({ "Stripe-Signature": `t=${seconds()},v1=${"0".repeat(64)}` })],
    ["with half a header", () => ({ "Stripe-Signature": "t=,v1=" })],
  ];
  it.each(cases)("%s", async (_what, headers) => {
    const event = await canceled();
    const before = await events();
    const payload = JSON.stringify(event);
    const answer = await post(payload, headers(payload));
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.text()).not.toContain("whsec");
    expect(await events()).toEqual(before);
    expect(await billing.gate.admit(ADA, 0)).toMatchObject({ admitted: true });
  });

  it("that is too large, said or not", async () => {
    const payload = "x".repeat(2_000_000);
    expect((await post(payload, { "Stripe-Signature": sign(payload) })).status).toBe(413);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const chunked = request(billing.webhookUrl, { method: "POST" }, ({ statusCode }) =>
        resolve(statusCode),
      );
      chunked.on("error", reject);
      chunked.end(payload);
    });
    expect(status).toBe(413);
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"id":"evt_1","data":{}}',
    '{"id":"evt_1","type":"x","data":{"object":null}}',
  ])("that is signed but no event: %j", async (payload) => {
    expect((await post(payload, { "Stripe-Signature": sign(payload) })).status).toBe(400);
    expect(await events()).toEqual([]);
  });
});

describe("an event that is good", () => {
  it("is answered, and makes the portal ask Stripe", async () => {
    const event = await canceled();
    expect(await billing.standIn.webhooks.send(event)).toBe(200);
    await billing.settled();
    expect(await billing.gate.status(ADA)).toMatchObject({ state: "lapsed" });
  });

  it("counts once, however often and however simultaneously it comes", async () => {
    const event = await canceled();
    const before = (await heard()) ?? 0;
    const statuses = await Promise.all(
      Array.from({ length: 10 }, () => billing.standIn.webhooks.send(event)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await billing.standIn.webhooks.send(event)).toBe(200);
    expect(await heard()).toBe(before + 1);
  });

  it("is not believed: what it says may be old, or may never have been so", async () => {
    const event = await canceled();
    const [subscription] = billing.standIn.account.subscriptionsOf(await billing.customerOf(ADA));
    Object.assign(subscription ?? {}, { status: "active", ended_at: null });
    expect(await billing.standIn.webhooks.send(event)).toBe(200);
    await billing.settled();
    expect(await billing.gate.admit(ADA, 0)).toMatchObject({ admitted: true });
  });

  it("is answered while Stripe is down, and heeded as soon as it is back", async () => {
    const event = await canceled();
    billing.standIn.failWith(() => ({
      status: 503,
      body: { error: { type: "api_error", message: "down" } },
    }));
    expect(await billing.standIn.webhooks.send(event)).toBe(200);
    await expect(billing.gate.admit(ADA, 0)).rejects.toMatchObject({ status: 503 });
    billing.standIn.failWith();
    expect(await billing.gate.admit(ADA, 0)).toMatchObject({ admitted: false, reason: "subscription" });
  });

  it.each([
    ["of a customer that nobody here is", { object: "subscription", customer: "cus_unknown" }],
    ["of no customer", { object: "balance" }],
    ["of a customer that is no text", { object: "subscription", customer: 7 }],
  ])("%s is answered, and changes nothing", async (_what, object) => {
    const base = { id: "evt_other", object: "event", api_version: "", created: 1, livemode: false } as const;
    expect(await billing.standIn.webhooks.send({ ...base, type: "x", data: { object } })).toBe(200);
    expect(await database.query("SELECT 1 FROM portal_billing_customers WHERE heard > 0")).toEqual([]);
  });

  it("may be signed with the old and the new secret while one replaces the other", async () => {
    const payload = JSON.stringify(await canceled());
    const [time, signature] = sign(payload).split(",");
    const header = [time, `v1=${"0".repeat(64)}`, signature].join(",");
    expect((await post(payload, { "Stripe-Signature": header })).status).toBe(200);
  });
});

it("is forgotten after a month", async () => {
  await billing.subscribe(ADA);
  await database.query("UPDATE portal_billing_events SET received_at = now() - interval '31 days'");
  await billing.gate.lapsed?.(billing.now());
  expect(await events()).toEqual([]);
});
