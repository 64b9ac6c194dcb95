import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { outage, type StandIn, startStandIn } from "../../../portal/billing/stand-in/stand-in.ts";
import { startServer } from "../server.ts";

const KEY = "sk_test_x";
const PLAN = { price: "price_1", name: "<b>Plan</b>", agents: 3, amount: 1900, currency: "eur" };

let standIn: StandIn;
const reported: unknown[] = [];
beforeEach(async () => {
  reported.length = 0;
  standIn = await startStandIn({
    secretKey: KEY,
    plans: [PLAN],
    report: (error) => void reported.push(error),
  });
});
afterEach(() => standIn.close());

const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(standIn.url + path, {
    method: "POST",
    body,
    headers: {
      Authorization: `Bearer ${KEY}`,
      "Content-Type": "application/x-www-form-urlencoded",
      ...headers,
    },
  });
  return {
    status: answer.status,
    body: (await answer.json()) as { id?: string; error?: { type: string; code?: string } },
  };
};

describe("a key for idempotent requests", () => {
  const keyed = (body: string, key = "key-1") => post("/v1/customers", body, { "Idempotency-Key": key });

  it("has one answer", async () => {
    const first = await keyed("email=a@b.c");
    expect(await keyed("email=a@b.c")).toEqual(first);
    expect((await keyed("email=a@b.c", "key-2")).body.id).not.toBe(first.body.id);
    expect(standIn.account.customers.size).toBe(2);
  });

  it("is for one request", async () => {
    await keyed("email=a@b.c");
    expect(await keyed("email=other@b.c")).toMatchObject({
      status: 400,
      body: { error: { type: "idempotency_error" } },
    });
  });

  it("is refused while its request is under way", async () => {
    standIn.failWith(() => new Promise((resolve) => setTimeout(resolve, 300, undefined)));
    const both = await Promise.all([keyed("email=a@b.c"), keyed("email=a@b.c")]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(standIn.account.customers.size).toBe(1);
  });

  it("keeps a failure, but not what was refused before it began", async () => {
    standIn.failWith(() => outage);
    expect((await keyed("email=a@b.c")).status).toBe(500);
    standIn.failWith();
    expect((await keyed("email=a@b.c")).status).toBe(500);
    expect((await keyed("colour=red", "key-2")).status).toBe(400);
    expect((await keyed("email=a@b.c", "key-2")).status).toBe(200);
  });
});

it.each([
  ["another key", { Authorization: "Bearer sk_test_other" }],
  ["no key", { Authorization: "" }],
])("refuses %s", async (_what, headers) => {
  expect((await post("/v1/customers", "", headers)).status).toBe(401);
});

it("has no way into what objects inherit", async () => {
  expect(
    (await post("/v1/customers", "__proto__[polluted]=yes&constructor[prototype][polluted]=yes")).status,
  ).toBe(400);
  expect(({} as { polluted?: string }).polluted).toBeUndefined();
});

describe("its pages", () => {
  const open = async (path: string) => {
    const answer = await fetch(standIn.url + path);
    return { status: answer.status, text: await answer.text() };
  };

  async function checkout(): Promise<{ url: string; customer: string }> {
    const customer = (await post("/v1/customers", "")).body.id ?? "";
    const body = new URLSearchParams({
      mode: "subscription",
      customer,
      "line_items[0][price]": "price_1",
      "line_items[0][quantity]": "1",
      success_url: "http://127.0.0.1:1/done",
      cancel_url: 'http://127.0.0.1:1/?a="><script>alert(1)</script>',
    });
    const { body: session } = await post("/v1/checkout/sessions", body.toString());
    return { url: `/pay/${session.id ?? ""}`, customer };
  }

  it("take one payment, and show texts as texts", async () => {
    const { url, customer } = await checkout();
    const page = await open(url);
    expect(page.text).toContain("19.00 EUR a month");
    expect(page.text).not.toMatch(/<b>|<script>/);
    const pay = () => fetch(standIn.url + url, { method: "POST", redirect: "manual" });
    expect((await pay()).headers.get("location")).toBe("http://127.0.0.1:1/done");
    expect((await pay()).status).toBe(404);
    expect((await open(url)).status).toBe(404);
    expect(standIn.account.subscriptionsOf(customer)).toHaveLength(1);
  });

  it("let a customer manage what is theirs, and nothing else", async () => {
    const mine = await checkout();
    const other = await checkout();
    for (const { url } of [mine, other])
      await fetch(standIn.url + url, { method: "POST", redirect: "manual" });
    const { body } = await post("/v1/billing_portal/sessions", `customer=${mine.customer}`);
    const path = `/manage/${body.id ?? ""}`;
    const [own] = standIn.account.subscriptionsOf(mine.customer);
    const [others] = standIn.account.subscriptionsOf(other.customer);
    const act = (id: string | undefined, action: string) =>
      fetch(`${standIn.url}${path}/${id ?? ""}/${action}`, { method: "POST", redirect: "manual" });
    expect((await act(others?.id, "cancel")).status).toBe(404);
    expect((await act(own?.id, "constructor")).status).toBe(404);
    expect((await act(own?.id, "fail")).status).toBe(303);
    expect((await open(path)).text).toContain("past_due");
    await act(own?.id, "pay");
    await act(own?.id, "cancel");
    expect([own?.status, others?.status]).toEqual(["canceled", "active"]);
  });
});

describe("its webhooks", () => {
  it("are sent again until they are accepted", async () => {
    const asked: string[] = [];
    const app = new Hono().post("/hook", async (context) => {
      asked.push((await context.req.json<{ id: string }>()).id);
      return context.text("", asked.length < 3 ? 500 : 200);
    });
    const server = await startServer((request) => app.fetch(request));
    standIn.webhooks.endpoint = { url: `${server.url}/hook`, secret: "whsec_x" };
    standIn.webhooks.emit("balance.available", { object: "balance" });
    await standIn.webhooks.idle();
    await server.close();
    expect(asked).toHaveLength(3);
    expect(new Set(asked).size).toBe(1);
    expect(reported).toEqual([]);
  });
});
