import { describe, expect, test, vi } from "vitest";
import { createConfirmationProvider } from "../../../../providers/masumi/resources/confirmation-host.ts";
import type { ConfirmationOutputs } from "../../../../providers/masumi/resources/inputs.ts";
import { UNKNOWN } from "../../../../providers/masumi/service/unknown.ts";
import { answering, numbered } from "../agent.ts";
import { EMPTY_V1, EMPTY_V2, V1, V2, confirmationOf, failureOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { startService } from "../service.ts";

/** How long a busy machine may take for what is said at once. */
const SLOWLY = { timeout: 30_000 };

test.concurrent.each([V1, V2])(
  "a registration is waited for, and its outcome told ($type)",
  async (wallet) => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const inputs = answering({ wallet });
    const run = startRun(service.url, { engine });
    const { id } = await run.create(inputs);
    const confirming = run.confirm(confirmationOf(id, inputs));
    await vi.waitFor(
      () => expect(engine.messages.at(-1)?.message).toContain("RegistrationRequested"),
      SLOWLY,
    );
    await service.advance(30);
    await vi.waitFor(
      () =>
        expect(engine.messages.at(-1)?.message).toMatch(/RegistrationInitiated · \d+ s · tx [0-9a-f]{64}/),
      SLOWLY,
    );
    await service.advance(120);
    const outs = await confirming;
    expect(outs).toMatchObject({ state: "RegistrationConfirmed", lockedLovelace: "5000000" });
    expect(outs.agentIdentifier).toHaveLength(120);
    expect(outs.txHash).toMatch(/^[0-9a-f]{64}$/);
    expect(Number(outs.feeLovelace)).toBeGreaterThan(0);
    const [message] = engine.messages;
    expect(message).toMatchObject({ ephemeral: true, urn: confirmationOf(id, inputs).resourceUrn });
  },
);

describe.concurrent("a wait that is over", () => {
  const soon = { waitMinutes: 0.005 };

  test("says that the next run waits on", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const { id } = await startRun(service.url).create(inputs);
    const failure = await failureOf(startRun(service.url).confirm(confirmationOf(id, inputs, soon)));
    expect(failure).toMatchObject({ code: "MASUMI_STILL_PENDING" });
    expect(failure.remedy).toContain("Run again");
    const confirming = startRun(service.url).confirm(confirmationOf(id, inputs));
    await service.advance(30);
    await service.advance(120);
    expect(await confirming).toMatchObject({ state: "RegistrationConfirmed" });
  });

  test("on an empty V2 wallet, which the service never mentions, says what to send where", async () => {
    await using service = await startService();
    const inputs = answering({ wallet: EMPTY_V2 });
    const { id } = await startRun(service.url).create(inputs);
    const failure = await failureOf(startRun(service.url).confirm(confirmationOf(id, inputs, soon)));
    expect(failure.code).toBe("MASUMI_STILL_PENDING");
    expect(failure.remedy).toMatch(/holds 0 ADA.*Send at least 5\.5 ADA to addr_test1qr6hgm90jyc.*faucet/);
  });

  test("is foretold by one warning per empty wallet while the waits go on", async () => {
    await using service = await startService();
    await using engine = await startEngine();
    const run = startRun(service.url, { engine });
    const provider = createConfirmationProvider(run.session, 100);
    const waits = await Promise.all(
      ["one", "two"].map(async (agentId) => {
        const inputs = answering({ agentId, wallet: EMPTY_V2, listing: { name: agentId } });
        const { id } = await run.create(inputs);
        return confirmationOf(id, inputs, { waitMinutes: 0.03 });
      }),
    );
    await Promise.all(waits.map((wait) => failureOf(provider.create(wait))));
    expect(engine.said().match(/The selling wallet holds 0 ADA/g)).toHaveLength(1);
  });

  test.each([V1, V2])(
    "for a transaction that was dropped, which the service need not mention, names the transaction ($type)",
    async (wallet) => {
      // Chain time stands still after the transaction was sent: to a client a dropped one looks just so.
      await using service = await startService({ chainSpeed: 0 });
      const inputs = answering({ wallet });
      const { id } = await startRun(service.url).create(inputs);
      await service.advance(16);
      expect((await service.rows())[0]?.state).toBe("RegistrationInitiated");
      const failure = await failureOf(startRun(service.url).confirm(confirmationOf(id, inputs, soon)));
      expect(failure.code).toBe("MASUMI_STILL_PENDING");
      expect(failure.remedy).toMatch(/transaction [0-9a-f]{64} .*dropped/);
    },
  );
});

describe.concurrent("the wallet's queue", () => {
  test.each([
    [V1, "6 before it in the wallet's queue, processed one at a time: usually 9 min on a real chain"],
    [V2, "6 before it in the wallet's queue, processed five at a time: usually 3 min on a real chain"],
  ])(
    "is told while nothing has been sent, and in the error of a wait that is over (%o)",
    async (wallet, queue) => {
      await using service = await startService({ chainSpeed: 0 });
      await using engine = await startEngine();
      const run = startRun(service.url, { engine });
      for (let index = 0; index < 6; index += 1) await run.create(numbered(index, { wallet }));
      const inputs = numbered(6, { wallet });
      const { id } = await run.create(inputs);
      const failure = await failureOf(run.confirm(confirmationOf(id, inputs, { waitMinutes: 0.01 })));
      expect(engine.messages.map(({ message }) => message)).toContainEqual(
        expect.stringMatching(new RegExp(`^RegistrationRequested · \\d s · ${queue}$`)),
      );
      expect(failure).toMatchObject({ code: "MASUMI_STILL_PENDING" });
      expect(failure.remedy).toBe(
        `There are ${queue}. Then run again; it resumes waiting, nothing is sent twice.`,
      );
    },
  );

  test("is shorter by what the wallet has begun", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const run = startRun(service.url, { engine });
    await run.create(numbered(0, { wallet: V1 }));
    await service.advance(30);
    await run.create(numbered(1, { wallet: V1 }));
    const inputs = numbered(2, { wallet: V1 });
    const { id } = await run.create(inputs);
    await failureOf(run.confirm(confirmationOf(id, inputs, { waitMinutes: 0.01 })));
    expect(engine.messages.at(-1)?.message).toContain("2 before it");
    await service.advance(75);
    await failureOf(
      startRun(service.url, { engine }).confirm(confirmationOf(id, inputs, { waitMinutes: 0.01 })),
    );
    expect(engine.messages.at(-1)?.message).toContain("1 before it");
  });
});

describe.concurrent("what ends a wait at once", () => {
  test("an empty V1 wallet: the service's error, and what to send where", async () => {
    await using service = await startService();
    const inputs = answering({ wallet: EMPTY_V1 });
    const { id } = await startRun(service.url).create(inputs);
    const failure = await failureOf(startRun(service.url).confirm(confirmationOf(id, inputs)));
    expect(failure).toMatchObject({
      code: "REGISTRATION_FAILED",
      serviceMessage: expect.stringContaining("No UTXOs") as string,
    });
    expect(failure.remedy).toMatch(
      /Send at least 5\.5 ADA to addr_test1.*faucet.*Then run up: it registers the agent again/,
    );
  });

  test("a transaction that the chain refused: the service's error, and no talk of money", async () => {
    await using service = await startService();
    await service.fault({ kind: "fail-transaction", operation: "Registration", error: "BadInputsUTxO" });
    const inputs = answering();
    const { id } = await startRun(service.url).create(inputs);
    const failure = await failureOf(startRun(service.url).confirm(confirmationOf(id, inputs)));
    expect(failure).toMatchObject({ code: "REGISTRATION_FAILED", serviceMessage: "BadInputsUTxO" });
    expect(failure.remedy).not.toContain("Send at least");
  });

  test.each([
    ["DeregistrationRequested", "REGISTRATION_LEAVING"],
    ["DeregistrationConfirmed", "REGISTRATION_GONE"],
    ["DeregistrationFailed", "DEREGISTRATION_FAILED"],
    ["UpdateFailed", "UPDATE_FAILED"],
  ])("%s: %s", async (state, code) => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const { id } = await startRun(service.url).create(inputs);
    await service.patch(id, { state, error: "boom" });
    expect(await failureOf(startRun(service.url).confirm(confirmationOf(id, inputs)))).toMatchObject({
      code,
    });
  });

  test("a registration that is not there for settleSeconds: REGISTRY_INCONSISTENT", async () => {
    await using service = await startService();
    const run = startRun(service.url, { config: { "masumi:settleSeconds": "1" } });
    const confirming = run.confirm(confirmationOf("cmwrrnothere00007s7dzzzzz", answering()));
    expect(await failureOf(confirming)).toMatchObject({ code: "REGISTRY_INCONSISTENT" });
  });

  test("one that a list lacks for a moment is waited for", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const { id } = await startRun(service.url).create(inputs);
    await service.fault({ kind: "hide-rows", route: "GET /registry", count: 6 });
    await using engine = await startEngine();
    const confirming = startRun(service.url, { engine }).confirm(confirmationOf(id, inputs));
    await vi.waitFor(async () => expect(await service.faultsLeft()).toBe(0), { timeout: 10_000 });
    await service.advance(120);
    await service.advance(120);
    expect(await confirming).toMatchObject({ state: "RegistrationConfirmed" });
    expect(engine.messages.map(({ message }) => message).join()).toContain(
      `service to list registration ${id}`,
    );
  });

  test("a key that is refused", async () => {
    await using service = await startService();
    const run = startRun(service.url, { token: "sandbox-wrong-key" });
    expect(await failureOf(run.confirm(confirmationOf("row", answering())))).toMatchObject({
      code: "KEY_REFUSED",
    });
  });

  test("the end of the run", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const { id } = await startRun(service.url).create(inputs);
    const engine = await startEngine();
    const run = startRun(service.url, { engine });
    const confirming = failureOf(run.confirm(confirmationOf(id, inputs)));
    await vi.waitFor(() => expect(engine.messages.length).toBeGreaterThan(0), SLOWLY);
    await engine[Symbol.asyncDispose]();
    expect(await confirming).toMatchObject({ code: "RUN_ENDED" });
  });
});

test.concurrent("a service that is away for a moment ends no wait", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const inputs = answering();
  const { id } = await startRun(service.url).create(inputs);
  await service.fault({ route: "GET /registry", kind: "error-before-write", count: 5 });
  const confirming = startRun(service.url).confirm(confirmationOf(id, inputs));
  await service.advance(30);
  await service.advance(120);
  expect(await confirming).toMatchObject({ state: "RegistrationConfirmed" });
});

test.concurrent("fifty waits share their looks", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const run = startRun(service.url);
  const created = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const inputs = answering({ agentId: `agent-${index}`, listing: { name: `Agent ${index}` } });
      return { inputs, id: (await run.create(inputs)).id };
    }),
  );
  const before = await service.requests();
  const confirming = Promise.all(created.map(({ id, inputs }) => run.confirm(confirmationOf(id, inputs))));
  for (let round = 0; round < 11; round += 1) await service.advance(90);
  const outs = await confirming;
  expect(new Set(outs.map(({ state }) => state))).toEqual(new Set(["RegistrationConfirmed"]));
  const after = await service.requests();
  const looks = (route: string) => (after[route] ?? 0) - (before[route] ?? 0);
  expect(looks("GET /registry") + looks("GET /registry/diff")).toBeLessThan(12);
});

test.concurrent(
  "a read takes over what the service shows now; a registration that is gone has none",
  async () => {
    await using service = await startService();
    const inputs = answering();
    const run = startRun(service.url);
    const { id, outs } = await run.create(inputs);
    const confirmed = await run.confirm(confirmationOf(id, inputs));
    await startRun(service.url).update(id, outs, answering({ listing: { name: "Elsewhere" } }));
    const { props } = await startRun(service.url).readConfirmation(id, confirmed);
    expect(props).toMatchObject({ state: "UpdateConfirmed" });
    expect(props?.agentIdentifier).not.toBe(confirmed.agentIdentifier);
    await startRun(service.url).remove(id, outs);
    expect(await startRun(service.url).readConfirmation(id, confirmed)).toEqual({ id: "" });
  },
);

test.concurrent("300 agents are waited for with a few requests a look, not one for each", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const run = startRun(service.url);
  const created = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const inputs = numbered(index);
      return { inputs, id: (await run.create(inputs)).id };
    }),
  );
  const spent = Object.values(await service.requests()).reduce((sum, count) => sum + count, 0);
  expect(spent).toBeLessThanOrEqual(1.2 * 300);
  await service.resetRequests();
  const waits = created.map(({ id, inputs }) => run.confirm(confirmationOf(id, inputs, { waitMinutes: 1 })));
  const ended = Promise.all(waits);
  // 60 batches of five, one after the other.
  for (let turn = 0; turn < 20; turn += 1) await service.advance(500);
  expect(new Set((await ended).map(({ state }) => state))).toEqual(new Set(["RegistrationConfirmed"]));
  const { "GET /registry": full = 0, "GET /registry/count": counts = 0, ...rest } = await service.requests();
  const looks = rest["GET /registry/diff"] ?? 0;
  // A look is one request, or where more than one answer's worth has changed, the list's five pages and its count.
  expect(full).toBeLessThanOrEqual(5 * looks);
  expect(counts).toBeLessThanOrEqual(looks);
  expect(full + counts + looks).toBeLessThan(100);
  expect(Object.keys(rest)).toEqual(["GET /registry/diff"]);
});

describe.concurrent("diff", () => {
  const { session } = startRun("http://127.0.0.1:9");
  const provider = createConfirmationProvider(session);
  const olds = { ...confirmationOf("row", answering()), stateVersion: 1 } as ConfirmationOutputs;

  test.each([
    ["nothing", {}, false, []],
    ["the wait's length", { waitMinutes: 5, queueLength: 7, resourceUrn: "urn:else" }, false, []],
    ["a new revision", { revision: "2" }, true, []],
    ["a revision that is not known yet", { revision: UNKNOWN }, true, []],
    ["another registration", { registrationId: "other" }, true, ["registrationId"]],
    [
      "a registration that is not known yet",
      { registrationId: UNKNOWN, revision: UNKNOWN },
      true,
      ["registrationId"],
    ],
  ])("%s", async (_name, changes, hasChanges, replaces) => {
    expect(await provider.diff?.("row", olds, { ...olds, ...changes })).toEqual({
      changes: hasChanges,
      replaces,
    });
  });

  test("removing it asks nothing of the service", async () => {
    await expect(provider.delete?.("row", olds)).resolves.toBeUndefined();
  });
});
