import { describe, expect, test } from "vitest";
import { changedFields, contentOf } from "../../../../providers/masumi/service/rules/content.ts";
import type { Listing } from "../../../../providers/masumi/service/model.ts";
import { type Registered, agent, answering, numbered, registered } from "../agent.ts";
import { LISTING, V1, V2, V2_SOURCE } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { type Service, startService } from "../service.ts";

async function refresh(service: Service, old: Registered) {
  const run = startRun(service.url);
  const { id, props, inputs } = await run.read(old.id, old.outs);
  if (!props) throw new Error(`registration ${old.id} is gone`);
  const { inputs: news } = await run.check(old.inputs);
  return { id, props, inputs, run, diff: await run.diff(id, props, news) };
}

test.concurrent.each([V1, V2])("what was sent is read back without a difference ($type)", async (wallet) => {
  await using service = await startService();
  const old = await registered(
    service,
    answering({
      wallet,
      listing: {
        author: { ...LISTING.author, organization: "" },
        pricing: {
          type: "fixed",
          prices: [
            { amount: "0007", unit: "lovelace" },
            {
              amount: "8",
              unit: "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d",
            },
          ],
        },
      },
    }),
  );
  const { props, inputs, diff } = await refresh(service, old);
  expect(diff).toEqual({ changes: false, replaces: [], deleteBeforeReplace: false });
  expect(props).toMatchObject({ state: "RegistrationConfirmed", error: "", revision: "1" });
  expect(props.content).toBe(old.outs.content);
  expect(props.agentIdentifier).toHaveLength(120);
  // Without inputs the engine keeps those that it has.
  expect(inputs).toBeUndefined();
});

const source = {
  chain: "Cardano",
  network: "Preprod",
  paymentSourceType: "Web3CardanoV2",
  address: V2_SOURCE,
};
const priced = (pricing: object, changes: object = {}) => ({
  supportedPaymentSources: [{ ...source, ...changes, pricing }],
});
const fixed = (asset: string, amount: string) => ({ pricingType: "Fixed", fixed: [{ asset, amount }] });
const nobody = { name: "Example GmbH", contactEmail: null, contactOther: null, organization: null };
const lawless = { privacyPolicy: null, terms: null, other: null };
const brief = LISTING.exampleOutputs[0];
const { contactEmail } = LISTING.author;

/** Of every field on the chain: what somebody else made of the row, and what it then is in our words. */
const DRIFT: [string, Record<string, unknown>, Partial<Listing>][] = [
  ["name", { name: "X" }, { name: "X" }],
  ["description", { description: "X" }, { description: "X" }],
  ["apiBaseUrl", { apiBaseUrl: "https://x.example" }, { apiBaseUrl: "https://x.example" }],
  [
    "capability's name",
    { Capability: { name: "x", version: "1.0.0" } },
    { capability: { name: "x", version: "1.0.0" } },
  ],
  [
    "capability's version",
    { Capability: { name: "market-research", version: "9" } },
    { capability: { name: "market-research", version: "9" } },
  ],
  [
    "author's name",
    { Author: { ...nobody, name: "X", contactEmail } },
    { author: { name: "X", contactEmail } },
  ],
  ["author's e-mail", { Author: nobody }, { author: { name: "Example GmbH" } }],
  [
    "author's other contact",
    { Author: { ...nobody, contactEmail, contactOther: "o" } },
    { author: { ...LISTING.author, contactOther: "o" } },
  ],
  [
    "author's organization",
    { Author: { ...nobody, contactEmail, organization: "o" } },
    { author: { ...LISTING.author, organization: "o" } },
  ],
  ["terms", { Legal: lawless }, { legal: {} }],
  [
    "privacy policy",
    { Legal: { ...lawless, terms: LISTING.legal.terms, privacyPolicy: "p" } },
    { legal: { ...LISTING.legal, privacyPolicy: "p" } },
  ],
  [
    "other legal text",
    { Legal: { ...lawless, terms: LISTING.legal.terms, other: "o" } },
    { legal: { ...LISTING.legal, other: "o" } },
  ],
  ["kind of price", priced({ pricingType: "Free" }), { pricing: { type: "free" } }],
  ["amount", priced(fixed("", "1")), { pricing: { type: "fixed", prices: [{ amount: "1", unit: "" }] } }],
  [
    "unit",
    priced(fixed("a".repeat(56), "5000000")),
    { pricing: { type: "fixed", prices: [{ amount: "5000000", unit: "a".repeat(56) }] } },
  ],
  ["examples", { ExampleOutputs: [] }, { exampleOutputs: [] }],
  [
    "example's name",
    { ExampleOutputs: [{ ...brief, name: "x" }] },
    { exampleOutputs: [{ ...brief, name: "x" }] },
  ],
  [
    "example's URL",
    { ExampleOutputs: [{ ...brief, url: "x" }] },
    { exampleOutputs: [{ ...brief, url: "x" }] },
  ],
  [
    "example's type",
    { ExampleOutputs: [{ ...brief, mimeType: "x" }] },
    { exampleOutputs: [{ ...brief, mimeType: "x" }] },
  ],
];

test("every field that is compared is in the table of drift, or has a test of its own", () => {
  const content = (listing: Partial<Listing>, sourceAddress = V2_SOURCE) => ({
    wallet: V2,
    listing: { ...LISTING, ...listing },
    sourceAddress,
  });
  const drifting = DRIFT.flatMap(([, , listing]) => changedFields(content({}), content(listing)));
  const all = Object.keys(JSON.parse(contentOf(content({}))) as object);
  expect([...new Set(drifting), "tags", "sourceAddress"].toSorted()).toEqual(all.toSorted());
});

test.concurrent.each(DRIFT)(
  "drift in the %s shows in inputs and outputs, and the next up mends it",
  async (_name, fields, expected) => {
    await using service = await startService();
    const old = await registered(service);
    await service.patch(old.id, fields);
    const { props, inputs, diff } = await refresh(service, old);
    expect(inputs?.listing).toEqual({ ...old.inputs.listing, ...expected });
    expect(props.content).not.toBe(old.outs.content);
    expect(props.apiBaseUrl).toBe(inputs?.listing.apiBaseUrl);
    expect(diff).toMatchObject({ changes: true, replaces: [] });
  },
);

test.concurrent("drift in the tags shows; a lost marker is a difference by itself", async () => {
  await using service = await startService();
  const old = await registered(service);
  await service.patch(old.id, { Tags: ["other", old.inputs.marker] });
  expect((await refresh(service, old)).inputs?.listing.tags).toEqual(["other"]);
  await service.patch(old.id, { Tags: [...LISTING.tags] });
  const { props, inputs, diff } = await refresh(service, old);
  expect(inputs?.listing.tags).toEqual(LISTING.tags);
  expect(props.marker).toBe("");
  expect(diff).toMatchObject({ changes: true, replaces: [] });
});

test.concurrent("drift in the payment source shows", async () => {
  await using service = await startService();
  const old = await registered(service);
  const foreign = { ...source, address: `${V2_SOURCE}x`, pricing: { pricingType: "Free" } };
  await service.patch(old.id, { supportedPaymentSources: [foreign] });
  const { inputs, diff } = await refresh(service, old);
  expect(inputs?.sourceAddress).toBe(`${V2_SOURCE}x`);
  expect(diff).toMatchObject({ changes: true });
});

describe.concurrent("a state that went wrong", () => {
  test.each([
    "RegistrationFailed",
    "UpdateFailed",
    "DeregistrationFailed",
    "DeregistrationRequested",
    "DeregistrationInitiated",
  ])("%s is returned with the service's error, and warned of under the resource", async (state) => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const inputs = answering();
    const { id, outs } = await startRun(service.url).create(inputs);
    await service.patch(id, { state, error: "boom" });
    const { props } = await startRun(service.url, { engine }).read(id, outs);
    const error = state.endsWith("Failed") ? "boom" : "";
    expect(props).toMatchObject({ state, error });
    expect(engine.messages).toMatchObject([{ severity: 2, urn: inputs.resourceUrn, ephemeral: false }]);
    expect(engine.said()).toContain(error ? `${state}. The service says: boom` : `is ${state}.`);
  });

  test("does not disturb one that is well", async () => {
    await using service = await startService();
    await using engine = await startEngine();
    const old = await registered(service);
    await startRun(service.url, { engine }).read(old.id, old.outs);
    expect(engine.messages).toEqual([]);
  });
});

describe.concurrent("a registration that is gone", () => {
  test("by deregistration has no id any more", async () => {
    await using service = await startService();
    const old = await registered(service);
    await startRun(service.url).remove(old.id, old.outs);
    expect(await startRun(service.url).read(old.id, old.outs)).toEqual({ id: "" });
  });

  test("from the service's list has no id any more", async () => {
    await using service = await startService();
    const old = await registered(service);
    const burned = { ...old.outs, agentIdentifier: "0".repeat(120) };
    expect(await startRun(service.url).read("cmwrrnothere00007s7dzzzzz", burned)).toEqual({ id: "" });
  });

  test("is not told from a service that cannot be read", async () => {
    const service = await startService();
    const old = await registered(service);
    await service[Symbol.asyncDispose]();
    await expect(startRun(service.url).read(old.id, old.outs)).rejects.toMatchObject({
      code: "SERVICE_UNREACHABLE",
    });
  });
});

test.concurrent("drift of V1 is a replacement", async () => {
  await using service = await startService();
  const old = await registered(service, answering({ wallet: V1 }));
  await service.patch(old.id, { AgentPricing: { pricingType: "Free" } });
  const { inputs, diff } = await refresh(service, old);
  expect(inputs?.listing.pricing).toEqual({ type: "free" });
  expect(diff).toMatchObject({ changes: true, replaces: ["listing"] });
});

describe.concurrent("a token that is not where it should be", () => {
  const stranger =
    "addr_test1qqfuahzn3rpnlah2ctcdjxdfl4230ygdar00qxc32guetexyg7nun6hggw9g2gpnayzf22sksr0aqdgkdcvqpc2stwtqt4u496";

  test.each([
    ["held elsewhere", V1, stranger],
    ["held elsewhere", V2, stranger],
    ["burned", V1, null],
    ["burned", V2, null],
  ])("is warned of, and its registration stays in the state: %s (%o)", async (_name, wallet, holder) => {
    await using service = await startService();
    await using engine = await startEngine();
    const gone = await registered(service, answering({ wallet }));
    const kept = await registered(service, numbered(1, { wallet }));
    await service.hold(gone.agentIdentifier, holder);
    await service.resetRequests();
    const run = startRun(service.url, { engine });
    const [read] = await Promise.all([gone, kept].map(({ id, outs }) => run.read(id, outs)));
    expect(read).toMatchObject({ id: gone.id, props: { state: "RegistrationConfirmed" } });
    expect(engine.messages).toHaveLength(1);
    expect(engine.messages[0]).toMatchObject({ severity: 2, urn: gone.inputs.resourceUrn });
    expect(engine.said()).toContain(
      `${gone.id} is RegistrationConfirmed, but its token is not in the selling wallet`,
    );
    expect(await service.requests()).toMatchObject({ "GET /registry/wallet": 1 });
  });

  test("is not looked for where it is meant to be, nor before it is minted", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    await service.resetRequests();
    await startRun(service.url).read(id, outs);
    expect(await service.requests()).not.toHaveProperty("GET /registry/wallet");
  });

  test("is believed to be there when the chain cannot be asked", async () => {
    await using service = await startService();
    await using engine = await startEngine();
    const old = await registered(service);
    await service.hold(old.agentIdentifier, null);
    await service.resetRequests();
    await service.fault({ route: "GET /registry/wallet", kind: "chain-down", count: 9 });
    expect(await startRun(service.url, { engine }).read(old.id, old.outs)).toMatchObject({ id: old.id });
    expect(engine.messages).toEqual([]);
    expect(await service.requests()).toMatchObject({ "GET /registry/wallet": 1 });
  });
});

test.concurrent("an identifier that changed by an update made elsewhere is read anew", async () => {
  await using service = await startService();
  const old = await registered(service);
  await startRun(service.url).update(old.id, old.outs, answering({ listing: { name: "Elsewhere" } }));
  const { props, inputs } = await refresh(service, old);
  expect(props.agentIdentifier).toMatch(/000001$/);
  expect(props).toMatchObject({ state: "UpdateConfirmed" });
  expect(inputs?.listing.name).toBe("Elsewhere");
});

test.concurrent("a refresh of 250 registrations reads the list once", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const { id, outs } = await startRun(service.url).create(answering());
  const others = Array.from({ length: 249 }, (_, index) =>
    service.insert({
      wallet: V2.vkey,
      name: `Agent ${index}`,
      description: "",
      apiBaseUrl: agent.url,
      Tags: [answering({ agentId: `agent-${index}` }).marker],
      ...priced({ pricingType: "Free" }),
    }),
  );
  const ids = [id, ...(await Promise.all(others)).map((row) => row.id)];
  const before = await service.requests();
  const reading = startRun(service.url);
  const read = await Promise.all(ids.map((rowId) => reading.read(rowId, outs)));
  expect(read.map((one) => one.id)).toEqual(ids);
  const after = await service.requests();
  const spent = Object.keys(after).map((route) => [route, (after[route] ?? 0) - (before[route] ?? 0)]);
  // Three pages, the first of them again after the service was asked how many rows there are.
  expect(Object.fromEntries(spent)).toMatchObject({
    "GET /registry": 4,
    "GET /registry/count": 1,
    "POST /registry": 0,
  });
});
