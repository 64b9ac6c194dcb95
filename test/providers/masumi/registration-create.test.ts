import { afterAll, describe, expect, test } from "vitest";
import type { RegistrationInputs } from "../../../providers/masumi/inputs.ts";
import { EMPTY_V1, V1, confirmationOf, failureOf, inputsOf } from "./inputs.ts";
import { startRun } from "./run.ts";
import { startAgent, startEngine, startServer } from "./servers.ts";
import { type Service, WORLDS, startService } from "./service.ts";

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

const answering = (changes: Parameters<typeof inputsOf>[0] = {}): RegistrationInputs =>
  inputsOf({ ...changes, listing: { apiBaseUrl: agent.url, ...changes.listing } });

const posts = async (service: Service) => (await service.requests())["POST /registry"] ?? 0;
const live = async (service: Service) =>
  (await service.rows()).filter(
    ({ state }) => !["RegistrationFailed", "DeregistrationConfirmed"].includes(state),
  );

describe.concurrent("a new agent", () => {
  test.each([V1, undefined])("is registered with one request, and bears our marker (%o)", async (wallet) => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering(wallet ? { wallet } : {});
    const { id, outs } = await startRun(service.url).create(inputs);
    const [row] = await service.rows();
    expect(row).toMatchObject({
      id,
      state: "RegistrationRequested",
      Tags: ["research", "markets", inputs.marker],
    });
    expect(outs).toMatchObject({
      revision: "1",
      state: "RegistrationRequested",
      error: "",
      agentIdentifier: "",
      apiBaseUrl: agent.url,
      marker: inputs.marker,
      stateVersion: 1,
    });
    expect(outs.listing.tags).toEqual(["research", "markets"]);
    expect(await posts(service)).toBe(1);
  });

  test("that does not answer costs nothing", async () => {
    await using service = await startService();
    await using silent = await startServer((_request, response) => response.writeHead(503).end());
    const inputs = inputsOf({
      listing: { apiBaseUrl: silent.url },
      probe: { allowPrivate: true, timeoutSeconds: 0 },
    });
    expect(await failureOf(startRun(service.url).create(inputs))).toMatchObject({
      code: "AGENT_NOT_ANSWERING",
    });
    expect(await posts(service)).toBe(0);
  });

  test.each<[string, Partial<RegistrationInputs>, { token?: string }, string]>([
    ["an unknown wallet", { wallet: { type: "V1", vkey: "ab".repeat(28) } }, {}, "NOT_FOUND"],
    ["a Read key", {}, { token: "sandbox-read-key" }, "KEY_REFUSED"],
    ["a wrong key", {}, { token: "sandbox-wrong-key" }, "KEY_REFUSED"],
    ["another network", { network: "Mainnet" }, {}, "KEY_REFUSED"],
    ["a payment source that is none", { sourceAddress: "addr_test1nonsense" }, {}, "REQUEST_REFUSED"],
  ])("with %s fails with the remedy and leaves nothing behind", async (_name, changes, options, code) => {
    await using service = await startService();
    const failure = await failureOf(startRun(service.url, options).create(answering(changes)));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(failure.remedy);
    expect(await service.rows()).toEqual([]);
  });

  test("of a service that is not there fails at once", async () => {
    const service = await startService();
    await service[Symbol.asyncDispose]();
    const failure = await failureOf(startRun(service.url).create(answering()));
    expect(failure.code).toBe("SERVICE_UNREACHABLE");
  });

  test("is not registered once the run that wanted it has ended", async () => {
    await using service = await startService();
    const engine = await startEngine();
    const run = startRun(service.url, { engine });
    await engine[Symbol.asyncDispose]();
    expect(await failureOf(run.create(answering()))).toMatchObject({ code: "RUN_ENDED" });
    expect(await posts(service)).toBe(0);
  });

  test("on V2 needs a service that knows V2", async () => {
    await using service = await startService({ world: WORLDS["release 0.21"], chainSpeed: "instant" });
    expect(await failureOf(startRun(service.url).create(answering()))).toMatchObject({
      code: "V2_NOT_SUPPORTED",
    });
  });
});

describe.concurrent("an answer that is lost", () => {
  test.each<[string, Record<string, unknown>]>([
    ["reset after the write", { kind: "lost-after-write" }],
    ["500 after the write", { kind: "error-after-write" }],
    ["a proxy's page after the write", { kind: "not-json" }],
    ["a page with status 200 after the write", { kind: "not-json", status: 200 }],
    ["silence after the write", { kind: "hang-after-write" }],
    ["written two seconds after the reset", { kind: "late-write", ms: 2_500 }],
  ])("finds its registration, and sends nothing twice: %s", async (_name, fault) => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    await service.fault({ route: "POST /registry", ...fault });
    const run = startRun(service.url, { engine, timeoutMs: 1_000 });
    const { id, outs } = await run.create(answering());
    expect((await service.rows()).map((row) => row.id)).toEqual([id]);
    expect(outs.state).toBe("RegistrationRequested");
    expect(await posts(service)).toBe(1);
    expect(engine.said()).toContain("nothing is sent twice");
  });

  test.each(["lost-before-write", "error-before-write"])(
    "and had no effect ends unclear; the next run looks and registers (%s)",
    async (kind) => {
      await using service = await startService({ chainSpeed: 0 });
      await service.fault({ route: "POST /registry", kind });
      const inputs = answering({ settleSeconds: 1 });
      const failure = await failureOf(startRun(service.url).create(inputs));
      expect(failure.code).toBe("REGISTRATION_UNCLEAR");
      expect(await posts(service)).toBe(1);
      await startRun(service.url).create(inputs);
      expect(await live(service)).toHaveLength(1);
    },
  );

  test("is not made up for by an older registration of the same content", async () => {
    await using service = await startService();
    const inputs = answering({ wallet: EMPTY_V1, settleSeconds: 0 });
    const failed = await startRun(service.url).create(inputs);
    await service.fault({ route: "POST /registry", kind: "lost-before-write" });
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure.code).toBe("REGISTRATION_UNCLEAR");
    expect(await service.rows()).toMatchObject([{ id: failed.id, state: "RegistrationFailed" }]);
  });

  test("whose registration appears after we gave up is found by the next run", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await service.fault({ route: "POST /registry", kind: "late-write", ms: 2_000 });
    const inputs = answering({ settleSeconds: 0 });
    expect(await failureOf(startRun(service.url).create(inputs))).toMatchObject({
      code: "REGISTRATION_UNCLEAR",
    });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    const { id } = await startRun(service.url).create(inputs);
    expect((await service.rows()).map((row) => row.id)).toEqual([id]);
    expect(await posts(service)).toBe(1);
  });

  test("of a registration that failed at once on an empty wallet is found as well", async () => {
    await using service = await startService({ chainSpeed: "instant" });
    await service.fault({ route: "POST /registry", kind: "lost-after-write" });
    const { outs } = await startRun(service.url).create(answering({ wallet: EMPTY_V1 }));
    expect(outs.state).toBe("RegistrationFailed");
    expect(await posts(service)).toBe(1);
  });

  test("while the lists do not answer either is looked for until they do", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const run = startRun(service.url);
    await run.session.allRows("Preprod", 0);
    await service.fault({ route: "POST /registry", kind: "lost-after-write" });
    await service.fault({ route: "GET /registry", kind: "error-before-write", count: 5 });
    const { id } = await run.create(answering());
    expect((await service.rows()).map((row) => row.id)).toEqual([id]);
  });
});

describe.concurrent("a run that died", () => {
  test.each([V1, undefined])(
    "after its request leaves a registration that the next run takes over (%o)",
    async (wallet) => {
      await using service = await startService({ chainSpeed: 0 });
      await using engine = await startEngine();
      const inputs = answering(wallet ? { wallet } : {});
      const first = await startRun(service.url).create(inputs);
      const second = await startRun(service.url, { engine }).create(inputs);
      expect(second.id).toBe(first.id);
      expect(await posts(service)).toBe(1);
      expect(engine.said()).toContain(`Took over registration ${first.id}`);
    },
  );

  test("is taken over also once the registration is confirmed", async () => {
    await using service = await startService();
    const first = await startRun(service.url).create(answering());
    const second = await startRun(service.url).create(answering());
    expect(second).toMatchObject({ id: first.id, outs: { state: "RegistrationConfirmed" } });
    expect(second.outs.agentIdentifier).toHaveLength(120);
  });
});

describe.concurrent("whose row is it", () => {
  const foreignRow = (changes: object = {}) => ({
    wallet: V1.vkey,
    name: "Somebody's",
    description: "",
    apiBaseUrl: agent.url,
    Tags: ["theirs"],
    AgentPricing: { pricingType: "Free" },
    state: "RegistrationConfirmed",
    ...changes,
  });

  test("a foreign registration of the same URL and wallet is refused, and taken over when it is named", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(foreignRow());
    const inputs = answering({
      wallet: V1,
      listing: {
        name: "Somebody's",
        description: "",
        tags: ["theirs"],
        capability: { name: "", version: "" },
        author: { name: "Somebody else" },
        legal: {},
        pricing: { type: "free" },
        exampleOutputs: [],
      },
    });
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure.code).toBe("FOREIGN_REGISTRATION");
    expect(failure.remedy).toContain(`adopt: ${id}`);
    const adopted = await startRun(service.url).create({ ...inputs, adopt: id });
    expect(adopted).toMatchObject({ id, outs: { marker: "" } });
    expect(await posts(service)).toBe(0);

    const next = startRun(service.url);
    expect(await next.diff(id, adopted.outs, { ...inputs, adopt: id })).toMatchObject({ changes: false });
  });

  test("a V2 registration of other content that is named gets the declared content in place", async () => {
    await using service = await startService();
    const { id } = await startRun(service.url).create(
      answering({ agentId: "other", listing: { name: "Old" } }),
    );
    const inputs = answering({ adopt: id });
    const adopted = await startRun(service.url).create(inputs);
    expect(adopted).toMatchObject({ id, outs: { state: "UpdateRequested", marker: inputs.marker } });
    const [row] = await service.rows();
    expect(row).toMatchObject({ name: "Market Researcher", state: "UpdateConfirmed" });
    expect(row?.Tags).toContain(inputs.marker);
    expect(await posts(service)).toBe(1);
  });

  test("failed and deregistered registrations are left behind, and the agent is registered anew", async () => {
    await using service = await startService();
    const inputs = answering();
    const first = await startRun(service.url).create(inputs);
    await startRun(service.url).remove(first.id, first.outs);
    const second = await startRun(service.url).create(inputs);
    expect(second.id).not.toBe(first.id);
    expect(await live(service)).toHaveLength(1);
  });

  test("our own registration of other content is refused: nothing is minted twice for one agent", async () => {
    await using service = await startService();
    await startRun(service.url).create(answering());
    const changed = answering({ listing: { name: "Renamed" } });
    const failure = await failureOf(startRun(service.url).create(changed));
    expect(failure.code).toBe("OWN_REGISTRATION_DIFFERS");
    expect(await posts(service)).toBe(1);
  });

  test("existing twins are reported and left alone", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const inputs = answering({ wallet: V1 });
    const { id } = await startRun(service.url).create(inputs);
    const [row] = await service.rows();
    const { id: twin } = await service.insert({ ...twinOf(row), wallet: V1.vkey });
    const adopted = await startRun(service.url, { engine }).create(inputs);
    expect([id, twin]).toContain(adopted.id);
    expect(engine.said()).toContain(adopted.id === id ? twin : id);
    expect(await live(service)).toHaveLength(2);
  });
});

test.concurrent(
  "an agent replaced on V1 has old and new one on the same URL, then only the new one",
  async () => {
    await using service = await startService();
    const before = answering({ wallet: V1 });
    const old = await startRun(service.url).create(before);
    const after = answering({ wallet: V1, listing: { name: "Renamed" } });

    const run = startRun(service.url);
    const { inputs } = await run.check(after);
    expect(await run.diff(old.id, old.outs, inputs)).toEqual({
      changes: true,
      replaces: ["listing"],
      deleteBeforeReplace: false,
    });
    const replacement = await run.create(inputs);
    await run.remove(old.id, old.outs);
    expect(await live(service)).toMatchObject([{ id: replacement.id, name: "Renamed" }]);
  },
);

test.concurrent(
  "an agent replaced on V1 with the old one burned first is never registered twice",
  async () => {
    await using service = await startService();
    const before = answering({ wallet: V1 });
    const old = await startRun(service.url).create(before);
    const after = answering({ wallet: V1, v1Replacement: "delete-first", listing: { name: "Renamed" } });

    const run = startRun(service.url);
    const { inputs } = await run.check(after);
    expect(await run.diff(old.id, old.outs, inputs)).toMatchObject({
      changes: true,
      deleteBeforeReplace: true,
    });
    await run.remove(old.id, old.outs);
    expect(await live(service)).toEqual([]);
    const replacement = await run.create(inputs);
    expect(await live(service)).toMatchObject([{ id: replacement.id, name: "Renamed" }]);
  },
);

test.concurrent(
  "a forced replacement without any change keeps the registration and burns nothing",
  async () => {
    await using service = await startService();
    const inputs = answering();
    const old = await startRun(service.url).create(inputs);
    const run = startRun(service.url);
    await run.check(inputs);
    const again = await run.create(inputs);
    await run.remove(old.id, old.outs);
    expect(again.id).toBe(old.id);
    expect(await live(service)).toMatchObject([{ id: old.id, state: "RegistrationConfirmed" }]);
    expect(await service.requests()).not.toHaveProperty("POST /registry/deregister");
  },
);

test.concurrent(
  "a renamed resource takes the registration over; its old entry burns nothing, also after a kill in between",
  async () => {
    await using service = await startService();
    const inputs = answering();
    const old = await startRun(service.url).create(inputs);
    const renamed = await startRun(service.url).create(inputs);
    // Killed here: the state now has two entries for the row.
    const next = startRun(service.url);
    const checked = await next.check(inputs);
    expect(await next.diff(renamed.id, renamed.outs, checked.inputs)).toMatchObject({ changes: false });
    await next.remove(old.id, old.outs);
    expect(await live(service)).toMatchObject([{ id: old.id, state: "RegistrationConfirmed" }]);
  },
);

test.concurrent(
  "a registration that failed is registered anew by the next run, and its old entry only forgotten",
  async () => {
    await using service = await startService();
    const inputs = answering({ wallet: EMPTY_V1 });
    const failed = await startRun(service.url).create(inputs);
    expect(await failureOf(startRun(service.url).confirm(confirmationOf(failed.id, inputs)))).toMatchObject({
      code: "REGISTRATION_FAILED",
    });
    await service.fund(EMPTY_V1.vkey, 100_000_000);

    const run = startRun(service.url);
    const news = { ...inputs, recover: { rowId: failed.id, state: "RegistrationFailed", error: "" } };
    expect(await run.diff(failed.id, failed.outs, news)).toMatchObject({
      changes: true,
      replaces: ["recover"],
    });
    const anew = await run.create(news);
    await run.remove(failed.id, failed.outs);
    expect(await run.confirm(confirmationOf(anew.id, inputs))).toMatchObject({
      state: "RegistrationConfirmed",
    });
    expect(anew.outs).not.toHaveProperty("recover");
  },
);

test.concurrent("with 40 agents at once the looks are shared", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const run = startRun(service.url);
  const created = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      run.create(answering({ agentId: `agent-${index}`, listing: { name: `Agent ${index}` } })),
    ),
  );
  expect(new Set(created.map(({ id }) => id)).size).toBe(40);
  const requests = await service.requests();
  expect(requests["POST /registry"]).toBe(40);
  expect(Object.values(requests).reduce((sum, count) => sum + count, 0)).toBeLessThan(48);
});

/** The fields of a row that the sandbox takes for a new one. */
function twinOf(row: object | undefined): Record<string, unknown> {
  const taken = [
    "name",
    "description",
    "apiBaseUrl",
    "Capability",
    "Author",
    "Legal",
    "Tags",
    "ExampleOutputs",
    "AgentPricing",
    "state",
  ];
  return Object.fromEntries(Object.entries(row ?? {}).filter(([key]) => taken.includes(key)));
}
