import { describe, expect, test, vi } from "vitest";
import { answering, burns, registered, states } from "../agent.ts";
import { EMPTY_V1, V1, V2, failureOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { WORLDS, startService } from "../service.ts";

describe.concurrent("a registration", () => {
  test.each([V1, V2])("is burned, and the burn waited for ($type)", async (wallet) => {
    await using service = await startService();
    const { id, outs } = await registered(service, answering({ wallet }));
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect(await burns(service)).toBe(1);
  });

  test("that a refresh has compared before is burned as well", async () => {
    await using service = await startService();
    const { id, outs, inputs } = await registered(service);
    const run = startRun(service.url);
    // The real engine asks for a diff of what it has read, and checks nothing.
    expect(await run.diff(id, outs, inputs)).toMatchObject({ changes: false });
    await run.remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
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
    await vi.waitFor(async () => expect(await burns(service)).toBe(1), { timeout: 30_000, interval: 100 });
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
    const burned = { ...outs, agentIdentifier: "0".repeat(120) };
    await startRun(service.url).remove("cmwrrnothere00007s7dzzzzz", burned);
    expect(await burns(service)).toBe(1);
  });

  test("whose burn is under way is waited for, and not burned again", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    await service.advance(30);
    await service.advance(120);
    const first = startRun(service.url).remove(id, outs);
    await vi.waitFor(async () => expect(await states(service)).toEqual(["DeregistrationRequested"]), {
      timeout: 30_000,
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
    const { id, outs } = await registered(service, answering(), { token: "sandbox-admin-key" });
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
    expect(engine.said()).toContain("is no longer on the chain");
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

test.concurrent.each(["release 0.20", "release 0.21"] as const)(
  "a %s deregisters with its own verb, once",
  async (release) => {
    await using service = await startService({ world: WORLDS[release], chainSpeed: "instant" });
    const { id, outs } = await registered(service, answering({ wallet: V1 }));
    // The sandbox does not list the payments of these releases.
    await startRun(service.url, { env: { MASUMI_FORCE_DEREGISTER: "1" } }).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect((await service.requests())["DELETE /registry"]).toBe(1);
  },
);
