import { describe, expect, test } from "vitest";
import { digestOf } from "../../../../providers/masumi/service/rules/content.ts";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import type { RegistrationInputs } from "../../../../providers/masumi/resources/inputs.ts";
import { agent, answering, live, posts } from "../agent.ts";
import { EMPTY_V1, V1, confirmationOf, failureOf, inputsOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine, startServer } from "../servers.ts";
import { WORLDS, startService } from "../service.ts";

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
    expect(outs.content).toBe(digestOf(inputs));
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
    "and had no effect ends unclear; no further run sends another request unless a person says so (%s)",
    async (kind) => {
      await using service = await startService({ chainSpeed: 0 });
      await service.fault({ route: "POST /registry", kind });
      const inputs = answering({ settleSeconds: 1 });
      const failure = await failureOf(startRun(service.url).create(inputs));
      expect(failure.code).toBe("REGISTRATION_UNCLEAR");
      const next = await failureOf(startRun(service.url).create(inputs));
      expect(next.code).toBe("REGISTRATION_UNSETTLED");
      expect(next.message).toContain("MASUMI_FORGET_REGISTRATION=market-researcher");
      const env = { MASUMI_FORGET_REGISTRATION: "somebody, else" };
      expect(await failureOf(startRun(service.url, { env }).create(inputs))).toMatchObject({
        code: next.code,
      });
      expect(await posts(service)).toBe(1);
      await startRun(service.url, { env: { MASUMI_FORGET_REGISTRATION: "else, market-researcher" } }).create(
        inputs,
      );
      expect(await live(service)).toHaveLength(1);
      expect(await posts(service)).toBe(2);
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

test.concurrent.each<[seenBy: string, isSeen: boolean]>([
  ["the preflight has seen", true],
  ["the provider sees itself, in a program of one's own", false],
])(
  "a registration that failed is registered anew by the next run, and its old entry only forgotten, as %s",
  async (_seenBy, isSeen) => {
    await using service = await startService();
    const inputs = answering({ wallet: EMPTY_V1 });
    const failed = await startRun(service.url).create(inputs);
    expect(await failureOf(startRun(service.url).confirm(confirmationOf(failed.id, inputs)))).toMatchObject({
      code: "REGISTRATION_FAILED",
    });
    await service.fund(EMPTY_V1.vkey, 100_000_000);

    const run = startRun(service.url);
    const recover = [{ rowId: failed.id, state: "RegistrationFailed" }];
    const news = isSeen ? { ...inputs, recover } : inputs;
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

test.concurrent(
  "two resources of one agent: the second is refused before anything is sent for it",
  async () => {
    const run = startRun("http://127.0.0.1:9");
    const declared = (resourceUrn: string, changes: Parameters<typeof inputsOf>[0] = {}) =>
      run.check(inputsOf({ ...changes, resourceUrn }));
    await declared("urn:one");
    await declared("urn:one");
    await declared("urn:on another network", { network: "Mainnet", probe: { allowPrivate: false } });
    await declared("urn:of another owner", { marker: marker("another owner", "market-researcher") });
    const failure = await failureOf(declared("urn:two"));
    expect(failure.message).toMatch(
      /^AGENT_DECLARED_TWICE: market-researcher on Preprod is declared by urn:one as well\. Nothing was sent/,
    );
  },
);

test.concurrent("two agents of the same content in one run get a registration each", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const run = startRun(service.url);
  const twins = await Promise.all(["one", "two"].map((agentId) => run.create(answering({ agentId }))));
  expect((await service.rows()).map(({ id }) => id).toSorted()).toEqual(twins.map(({ id }) => id).toSorted());
  expect(new Set(twins.map(({ outs }) => outs.marker)).size).toBe(2);
  expect(await posts(service)).toBe(2);
});

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
  const { "GET /registry/diff": afterwards = 0, ...before } = requests;
  expect(Object.values(before).reduce((sum, count) => sum + count, 0)).toBeLessThan(48);
  expect(afterwards, "looks after the requests").toBeLessThan(40 / 2);
});
