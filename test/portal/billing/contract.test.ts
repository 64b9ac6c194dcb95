/** What the portal sends to Stripe, and what the stand-in answers, held against stripe-mock, so that neither can drift from Stripe. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordedRequest } from "../../../portal/billing/stand-in/api.ts";
import { startStandIn } from "../../../portal/billing/stand-in/stand-in.ts";
import { ADA, BOB, PAGE, PLANS, SECRET_KEY, startBilling } from "./billing.ts";
import { embedded } from "./databases.ts";
import { startStripeMock, type StripeMock } from "./stripe-mock.ts";

const ALL_REQUESTS = [
  "GET /v1/prices/_",
  "GET /v1/products/_",
  "GET /v1/subscriptions",
  "POST /v1/billing_portal/sessions",
  "POST /v1/checkout/sessions",
  "POST /v1/customers",
  "POST /v1/customers/_",
];

let mock: StripeMock | undefined;
let requests: readonly RecordedRequest[];

beforeAll(async () => {
  mock = await startStripeMock();
  requests = await everythingThatIsSent();
}, 400_000);
afterAll(() => mock?.close());

/** Goes every way on which the portal asks Stripe for something. */
async function everythingThatIsSent(): Promise<readonly RecordedRequest[]> {
  const database = await embedded();
  const billing = await startBilling(database);
  try {
    const { gate, standIn } = billing;
    await gate.check?.();
    await gate.admit(ADA, 0);
    const trying = await billing.another({ STRIPE_TRIAL_DAYS: "14" });
    await billing.payAt(await trying.checkout(BOB, PAGE));
    const subscription = await billing.subscribe(ADA);
    await gate.admit(ADA, 3);
    await gate.customerPortal(ADA, PAGE);
    standIn.account.failPayment(subscription);
    await billing.settled();
    await gate.status(ADA);
    standIn.account.cancel(subscription);
    await billing.settled();
    billing.pass({ days: 9 });
    await gate.lapsed?.(billing.now());
    return [...standIn.requests];
  } finally {
    await billing.close();
    await database.close();
  }
}

const nameOf = ({ method, path }: RecordedRequest): string =>
  `${method} ${path.replace(/\?.*/, "").replace(/\/(customers|prices|products)\/\w+/, "/$1/_")}`;

function replay(request: RecordedRequest, url: string): Promise<Response> {
  const { method, path, body, headers } = request;
  const type = headers["content-type"];
  return fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${SECRET_KEY}`, ...(type !== undefined && { "Content-Type": type }) },
    ...(method === "POST" && { body }),
  });
}

/** Where an answer of ours has a field that Stripe's has not, or another type of value. Where either has null nothing can be said. */
function misfits(ours: unknown, theirs: unknown, at: string): string[] {
  if (ours === null || theirs === null || at.endsWith(".metadata")) return [];
  const [type, theirType] = [ours, theirs].map((value) => (Array.isArray(value) ? "list" : typeof value));
  if (type !== theirType) return [`${at} is a ${type}, and with Stripe a ${theirType}`];
  if (Array.isArray(ours)) {
    const [example] = theirs as unknown[];
    return example === undefined ? [] : ours.flatMap((one) => misfits(one, example, `${at}[]`));
  }
  if (typeof ours !== "object") return [];
  const known = new Map(Object.entries(theirs as object));
  return Object.entries(ours).flatMap(([name, value]) =>
    known.has(name)
      ? misfits(value, known.get(name), `${at}.${name}`)
      : [`${at}.${name} is not known to Stripe`],
  );
}

describe("stripe-mock", () => {
  it("has seen every kind of request", () => {
    expect([...new Set(requests.map(nameOf))].toSorted()).toEqual(ALL_REQUESTS);
  });

  it("accepts each of them", async ({ skip }) => {
    const judge = mock ?? skip("there is no stripe-mock");
    const refused: string[] = [];
    for (const request of requests) {
      const answer = await replay(request, judge.url);
      if (answer.status !== 200)
        refused.push(
          `${request.method} ${request.path} ${request.body}: ${answer.status} ${await answer.text()}`,
        );
    }
    expect(refused).toEqual([]);
  });

  it("knows each field that the stand-in answers with", async ({ skip }) => {
    const judge = mock ?? skip("there is no stripe-mock");
    const found = new Set<string>();
    for (const request of requests.filter(({ answer }) => answer.status === 200)) {
      const theirs: unknown = await (await replay(request, judge.url)).json();
      for (const misfit of misfits(request.answer.body, theirs, nameOf(request))) found.add(misfit);
    }
    expect([...found]).toEqual([]);
  });

  it.each([
    ["a field that there is not", "/v1/checkout/sessions", "mode=subscription&colour=red"],
    [
      "a value of another type",
      "/v1/checkout/sessions",
      "mode=subscription&subscription_data[trial_period_days]=soon",
    ],
    ["a mode that there is not", "/v1/checkout/sessions", "mode=lease"],
  ])("would refuse %s, as the stand-in does", async (_what, path, body) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const request = { method: "POST", path, body, headers, answer: { status: 0, body: {} } };
    const standIn = await startStandIn({ secretKey: SECRET_KEY, plans: PLANS });
    try {
      const judges = [standIn.url, ...(mock ? [mock.url] : [])];
      const answers = await Promise.all(judges.map((url) => replay(request, url)));
      expect(answers.map(({ status }) => status)).toEqual(judges.map(() => 400));
    } finally {
      await standIn.close();
    }
  });

  it("would find a field of the stand-in's that Stripe has not", () => {
    expect(
      misfits({ id: "x", items: [{ colour: "red" }] }, { id: 1, items: [{ price: null }] }, "it"),
    ).toEqual(["it.id is a string, and with Stripe a number", "it.items[].colour is not known to Stripe"]);
  });
});

it("every request has the portal's version of the API, and every one that makes a customer or a checkout a key", () => {
  expect(new Set(requests.map(({ headers }) => headers["stripe-version"])).size).toBe(1);
  const made = requests.filter(({ method, path }) => method === "POST" && /customers$|checkout/.test(path));
  expect(made.length).toBeGreaterThan(2);
  for (const { headers } of made) expect(headers["idempotency-key"]).toMatch(/^masumi-\w+-[0-9a-f]{64}$/);
});

it("no request tells Stripe more of a user than who it is and the e-mail address", () => {
  const sent = requests.map(({ path, body }) => decodeURIComponent(`${path} ${body}`)).join("\n");
  expect(sent).toContain(ADA.id);
  expect(sent).not.toMatch(/operator|bio|agentId/i);
});
