import { afterAll, describe, expect, test, vi } from "vitest";
import type { RegistrationInputs } from "../../../providers/masumi/inputs.ts";
import { EMPTY_V1, V1, V2, confirmationOf, failureOf, inputsOf } from "./inputs.ts";
import { startRun } from "./run.ts";
import { startAgent, startEngine } from "./servers.ts";
import { MAINNET_WALLET, type Service, WORLDS, startService } from "./service.ts";

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

const answering = (changes: Parameters<typeof inputsOf>[0] = {}): RegistrationInputs =>
  inputsOf({ ...changes, listing: { apiBaseUrl: agent.url, ...changes.listing } });
const burns = async (service: Service) => (await service.requests())["POST /registry/deregister"] ?? 0;
const states = async (service: Service) => (await service.rows()).map(({ state }) => state);

async function registered(service: Service, inputs = answering(), token?: string) {
  const run = startRun(service.url, token ? { token } : {});
  const { id, outs } = await run.create(inputs);
  await run.confirm(confirmationOf(id, inputs));
  return { id, outs, inputs };
}

describe.concurrent("a registration", () => {
  test.each([V1, V2])("is burned, and the burn waited for ($type)", async (wallet) => {
    await using service = await startService();
    const { id, outs } = await registered(service, answering({ wallet }));
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect(await burns(service)).toBe(1);
  });

  test("that was updated is burned under its identifier of the moment", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await startRun(service.url).update(id, outs, answering({ listing: { name: "Renamed" } }));
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
  });

  test("that is still pending is waited for, then burned", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    const removing = startRun(service.url).remove(id, outs);
    await service.advance(30);
    await service.advance(120);
    await vi.waitFor(async () => expect(await burns(service)).toBe(1), { timeout: 10_000, interval: 100 });
    await service.advance(30);
    await service.advance(120);
    await removing;
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
  });

  test("that never settles ends the wait with what to do", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    const run = startRun(service.url, { config: { "masumi:waitMinutes": "0.01" } });
    expect(await failureOf(run.remove(id, outs))).toMatchObject({ code: "MASUMI_STILL_PENDING" });
    expect(await burns(service)).toBe(0);
  });

  test.each(["sandbox-pay-key", "sandbox-admin-key"])(
    "that was never minted is forgotten, and removed where the key may (%s)",
    async (token) => {
      await using service = await startService();
      const { id, outs } = await startRun(service.url, { token }).create(answering({ wallet: EMPTY_V1 }));
      await startRun(service.url, { token }).remove(id, outs);
      expect(await states(service)).toEqual(token === "sandbox-admin-key" ? [] : ["RegistrationFailed"]);
      expect(await burns(service)).toBe(0);
    },
  );

  test("that is gone already is only forgotten", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await startRun(service.url).remove(id, outs);
    await startRun(service.url).remove(id, outs);
    await startRun(service.url).remove("cmwrrnothere00007s7dzzzzz", outs);
    expect(await burns(service)).toBe(1);
  });

  test("whose burn is under way is waited for, and not burned again", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    await service.advance(30);
    await service.advance(120);
    const first = startRun(service.url).remove(id, outs);
    await vi.waitFor(async () => expect(await states(service)).toEqual(["DeregistrationRequested"]), {
      timeout: 5_000,
    });
    const second = startRun(service.url).remove(id, outs);
    await service.advance(30);
    await service.advance(120);
    await Promise.all([first, second]);
    expect(await burns(service)).toBe(1);
  });

  test("whose burn fails ends with the service's error; the next run burns again", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await service.fault({ kind: "fail-transaction", operation: "Deregistration", error: "BadInputsUTxO" });
    const failure = await failureOf(startRun(service.url).remove(id, outs));
    expect(failure).toMatchObject({ code: "DEREGISTRATION_FAILED", serviceMessage: "BadInputsUTxO" });
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
  });

  test("of another key ends with its own code", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service, answering(), "sandbox-admin-key");
    expect(await failureOf(startRun(service.url).remove(id, outs))).toMatchObject({
      code: "OTHER_KEYS_ROW",
      status: 403,
    });
    expect(await states(service)).toEqual(["RegistrationConfirmed"]);
  });

  test("is not burned once the run that wanted it has ended", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    const engine = await startEngine();
    const run = startRun(service.url, { engine });
    await engine[Symbol.asyncDispose]();
    expect(await failureOf(run.remove(id, outs))).toMatchObject({ code: "RUN_ENDED" });
    expect(await burns(service)).toBe(0);
  });
});

describe.concurrent("a request for a burn", () => {
  test.each<[string, Record<string, unknown>]>([
    ["reset after the write", { kind: "lost-after-write" }],
    ["500 after the write", { kind: "error-after-write" }],
    ["written later", { kind: "late-write", ms: 1_000 }],
  ])("whose answer is lost is looked up in the row: %s", async (_name, fault) => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await service.fault({ route: "POST /registry/deregister", ...fault });
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect(await burns(service)).toBe(1);
  });

  test("that the service could not work on is sent again after a look", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await service.fault({ route: "POST /registry/deregister", kind: "chain-down" });
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect(await burns(service)).toBe(2);
  });

  test("that never works ends with what to do", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await service.fault({ route: "POST /registry/deregister", kind: "chain-down", count: 9 });
    const failure = await failureOf(startRun(service.url).remove(id, outs));
    expect(failure).toMatchObject({ code: "DEREGISTRATION_UNCLEAR", status: 500 });
    expect(await burns(service)).toBe(3);
  });

  test("for a token that nobody holds any more only forgets, with a warning", async () => {
    await using service = await startService();
    await using engine = await startEngine();
    const { id, outs } = await registered(service);
    const [row] = await service.rows();
    await service.hold(row?.agentIdentifier, null);
    await startRun(service.url, { engine }).remove(id, outs);
    expect(engine.said()).toContain("no token of registration");
  });

  test("for a token that is held elsewhere ends with its own code", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    const [row] = await service.rows();
    const stranger =
      "addr_test1qqfuahzn3rpnlah2ctcdjxdfl4230ygdar00qxc32guetexyg7nun6hggw9g2gpnayzf22sksr0aqdgkdcvqpc2stwtqt4u496";
    await service.hold(row?.agentIdentifier, stranger);
    expect(await failureOf(startRun(service.url).remove(id, outs))).toMatchObject({
      code: "TOKEN_HELD_ELSEWHERE",
      status: 409,
    });
  });

  test("for an unknown payment source does not pass for a missing token", async () => {
    await using service = await startService({ world: WORLDS["V2 only"], chainSpeed: "instant" });
    const { id } = await service.insert({
      wallet: V2.vkey,
      name: "Of a payment source that was removed",
      description: "",
      apiBaseUrl: "https://removed.example",
      Tags: ["x"],
      supportedPaymentSources: [],
      state: "RegistrationConfirmed",
      agentIdentifier: "7e8b".repeat(30),
    });
    const { outs } = await registered(service);
    const failure = await failureOf(startRun(service.url).remove(id, outs));
    expect(failure).toMatchObject({ code: "NOT_FOUND", status: 404 });
    expect((await service.rows()).find((row) => row.id === id)).toMatchObject({
      state: "RegistrationConfirmed",
    });
  });
});

describe.concurrent("burns are never an accident", () => {
  const fleet = async (service: Service, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        registered(service, answering({ agentId: `agent-${index}`, listing: { name: `Agent ${index}` } })),
      ),
    );

  test("three of a run go, the fourth must be named", async () => {
    await using service = await startService();
    const [kept, ...removed] = await fleet(service, 6);
    if (!kept) throw new Error("no agents");
    const run = startRun(service.url, { config: { "masumi:allowDeregister": '["agent-5"]' } });
    await run.check(kept.inputs);
    const ends = await Promise.allSettled(removed.map(({ id, outs }) => run.remove(id, outs)));
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
    expect(await burns(service)).toBe(4);
    const refused = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
    expect(refused).toEqual([
      expect.stringMatching(/DEREGISTRATION_LIMIT: agent-\d .*masumi:allowDeregister/),
    ]);
  });

  test("failed registrations and entries that this run keeps do not count", async () => {
    await using service = await startService();
    const [kept] = await fleet(service, 1);
    if (!kept) throw new Error("no agents");
    const failed = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        startRun(service.url).create(
          answering({ agentId: `empty-${index}`, wallet: EMPTY_V1, listing: { name: `Empty ${index}` } }),
        ),
      ),
    );
    const run = startRun(service.url);
    await run.check(kept.inputs);
    await run.diff(kept.id, kept.outs, kept.inputs);
    await Promise.all([...failed, kept].map(({ id, outs }) => run.remove(id, outs)));
    expect(await burns(service)).toBe(0);
  });

  test("a destroy takes twenty at once, also while the provider is being configured", async () => {
    await using service = await startService();
    const agents = await fleet(service, 20);
    const run = startRun(service.url);
    await Promise.all(agents.map(({ id, outs }) => run.remove(id, outs)));
    expect(new Set(await states(service))).toEqual(new Set(["DeregistrationConfirmed"]));
    expect(await burns(service)).toBe(20);
  });

  test.each([
    [undefined, "DEREGISTRATION_LIMIT"],
    ["someone-else", "DEREGISTRATION_LIMIT"],
    ["market-researcher", undefined],
    ["all", undefined],
  ])("a destroy on Mainnet wants MASUMI_ALLOW_DEREGISTER (%s)", async (allowed, code) => {
    await using service = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
    const inputs = answering({ network: "Mainnet", wallet: MAINNET_WALLET });
    const { id, outs } = await registered(service, inputs);
    const ended = await startRun(service.url, { env: { MASUMI_ALLOW_DEREGISTER: allowed } })
      .remove(id, outs)
      .then(() => undefined)
      .catch((error: { code: string }) => error.code);
    expect(ended).toBe(code);
    expect(await burns(service)).toBe(code ? 0 : 1);
  });
});

test.concurrent.each(["release 0.20", "release 0.21"] as const)(
  "a %s deregisters with its own verb, once",
  async (release) => {
    await using service = await startService({ world: WORLDS[release], chainSpeed: "instant" });
    const { id, outs } = await registered(service, answering({ wallet: V1 }));
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect((await service.requests())["DELETE /registry"]).toBe(1);
  },
);
