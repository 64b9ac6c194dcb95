import { afterAll, describe, expect, test } from "vitest";
import type { RegistrationInputs } from "../../../providers/masumi/inputs.ts";
import { LISTING, V1, V2, V2_SOURCE, confirmationOf, inputsOf } from "./inputs.ts";
import { startRun } from "./run.ts";
import { startAgent, startEngine } from "./servers.ts";
import { type Service, startService } from "./service.ts";

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

const answering = (changes: Parameters<typeof inputsOf>[0] = {}): RegistrationInputs =>
  inputsOf({ ...changes, listing: { apiBaseUrl: agent.url, ...changes.listing } });

async function registered(service: Service, inputs = answering()) {
  const run = startRun(service.url);
  const { id, outs } = await run.create(inputs);
  await run.confirm(confirmationOf(id, inputs));
  return { id, outs, inputs };
}

async function refresh(service: Service, old: Awaited<ReturnType<typeof registered>>) {
  const run = startRun(service.url);
  const { id, props, inputs } = await run.read(old.id, old.outs);
  if (!props || !inputs) throw new Error(`registration ${old.id} is gone`);
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
  expect(props.listing).toEqual(old.outs.listing);
  expect(props.agentIdentifier).toHaveLength(120);
  const { inputs: checked } = await startRun(service.url).check(old.inputs);
  expect(inputs).toEqual(checked);
});

const source = {
  chain: "Cardano",
  network: "Preprod",
  paymentSourceType: "Web3CardanoV2",
  address: V2_SOURCE,
};
const priced = (pricing: object) => ({ supportedPaymentSources: [{ ...source, pricing }] });

test.concurrent.each<[string, Record<string, unknown>, object]>([
  ["name", { name: "X" }, { name: "X" }],
  ["description", { description: "X" }, { description: "X" }],
  ["apiBaseUrl", { apiBaseUrl: "https://x.example" }, { apiBaseUrl: "https://x.example" }],
  [
    "capability",
    { Capability: { name: "x", version: "1.0.0" } },
    { capability: { name: "x", version: "1.0.0" } },
  ],
  [
    "author",
    { Author: { name: "X", contactEmail: null, contactOther: "o", organization: null } },
    { author: { name: "X", contactOther: "o" } },
  ],
  ["legal", { Legal: { privacyPolicy: "p", terms: null, other: null } }, { legal: { privacyPolicy: "p" } }],
  ["pricing", priced({ pricingType: "Free" }), { pricing: { type: "free" } }],
  [
    "amount",
    priced({ pricingType: "Fixed", fixed: [{ asset: "", amount: "1" }] }),
    { pricing: { type: "fixed", prices: [{ amount: "1", unit: "" }] } },
  ],
  ["examples", { ExampleOutputs: [] }, { exampleOutputs: [] }],
])("drift in %s shows in inputs and outputs, and the next up mends it", async (_name, fields, expected) => {
  await using service = await startService();
  const old = await registered(service);
  await service.patch(old.id, fields);
  const { props, inputs, diff } = await refresh(service, old);
  expect(props.listing).toMatchObject(expected);
  expect(inputs.listing).toEqual(props.listing);
  expect(props.apiBaseUrl).toBe(props.listing.apiBaseUrl);
  expect(diff).toMatchObject({ changes: true, replaces: [] });
});

test.concurrent("drift in the tags shows; a lost marker is a difference by itself", async () => {
  await using service = await startService();
  const old = await registered(service);
  await service.patch(old.id, { Tags: ["other", old.inputs.marker] });
  expect((await refresh(service, old)).props.listing.tags).toEqual(["other"]);
  await service.patch(old.id, { Tags: [...LISTING.tags] });
  const { props, diff } = await refresh(service, old);
  expect(props.listing.tags).toEqual(LISTING.tags);
  expect(props.marker).toBe("");
  expect(diff).toMatchObject({ changes: true, replaces: [] });
});

test.concurrent("drift in the payment source shows", async () => {
  await using service = await startService();
  const old = await registered(service);
  const foreign = { ...source, address: `${V2_SOURCE}x`, pricing: { pricingType: "Free" } };
  await service.patch(old.id, { supportedPaymentSources: [foreign] });
  const { inputs, diff } = await refresh(service, old);
  expect(inputs.sourceAddress).toBe(`${V2_SOURCE}x`);
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
    expect(await startRun(service.url).read("cmwrrnothere00007s7dzzzzz", old.outs)).toEqual({ id: "" });
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

test.concurrent("an identifier that changed by an update made elsewhere is read anew", async () => {
  await using service = await startService();
  const old = await registered(service);
  await startRun(service.url).update(old.id, old.outs, answering({ listing: { name: "Elsewhere" } }));
  const { props } = await refresh(service, old);
  expect(props.agentIdentifier).toMatch(/000001$/);
  expect(props).toMatchObject({ state: "UpdateConfirmed", listing: { name: "Elsewhere" } });
});

test.concurrent("a refresh of 250 registrations reads the list once", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const run = startRun(service.url);
  const created = await Promise.all(
    Array.from({ length: 250 }, (_, index) =>
      run.create(answering({ agentId: `agent-${index}`, listing: { name: `Agent ${index}` } })),
    ),
  );
  const before = await service.requests();
  const reading = startRun(service.url);
  const read = await Promise.all(created.map(({ id, outs }) => reading.read(id, outs)));
  expect(read.map(({ id }) => id)).toEqual(created.map(({ id }) => id));
  const after = await service.requests();
  const spent = Object.keys(after).map((route) => [route, (after[route] ?? 0) - (before[route] ?? 0)]);
  // Three pages, the first of them again after the service was asked how many rows there are.
  expect(Object.fromEntries(spent)).toMatchObject({
    "GET /registry": 4,
    "GET /registry/count": 1,
    "POST /registry": 0,
  });
});
