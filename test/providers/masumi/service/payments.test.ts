import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MasumiClient } from "../../../../providers/masumi/service/client/client.ts";
import {
  describePayments,
  isPaymentOf,
  openPayment,
} from "../../../../providers/masumi/service/reads/payments.ts";
import type { Row } from "../../../../providers/masumi/service/model.ts";
import type { Payment } from "../../../../providers/masumi/service/client/wire.ts";
import { answering, burns, registered, states } from "../agent.ts";
import { V1, V2, confirmationOf, failureOf } from "../inputs.ts";
import { type RunOptions, startRun } from "../run.ts";
import { startEngine, startServer } from "../servers.ts";
import { WORLDS, startService } from "../service.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse("2026-11-22T12:00:00.000Z");
const paymentOf = (changes: Partial<Payment> = {}): Payment => ({
  id: "p1",
  onChainState: "FundsLocked",
  payByTime: String(NOW - 2 * HOUR),
  submitResultTime: String(NOW + HOUR),
  externalDisputeUnlockTime: String(NOW + 9 * HOUR),
  ...changes,
});

describe("a payment", () => {
  const past = String(NOW - HOUR);
  const ahead = String(NOW + HOUR);

  test.each<[string, Partial<Payment>, boolean]>([
    ["ordered, may still be paid", { onChainState: null, payByTime: ahead }, true],
    ["ordered, the time to pay is over", { onChainState: null, payByTime: past }, false],
    [
      "ordered, the time to pay is just over: a transaction may be under way",
      { onChainState: null, payByTime: String(NOW - 9 * MINUTE) },
      true,
    ],
    ["ordered, of a release without payByTime", { onChainState: null, payByTime: undefined }, true],
    [
      "ordered long ago, of a release without payByTime",
      { onChainState: null, payByTime: undefined, submitResultTime: past },
      false,
    ],
    ["paid, not delivered", {}, true],
    ["paid, too late to deliver", { submitResultTime: past }, false],
    ["paid, no time told", { submitResultTime: undefined }, true],
    ["a refund is wanted, a result may still be delivered", { onChainState: "RefundRequested" }, true],
    [
      "a refund is wanted, too late to deliver",
      { onChainState: "RefundRequested", submitResultTime: past },
      false,
    ],
    ["disputed, the admins may not decide yet", { onChainState: "Disputed", submitResultTime: past }, true],
    [
      "disputed, the admins may decide",
      { onChainState: "Disputed", submitResultTime: past, externalDisputeUnlockTime: past },
      false,
    ],
    ["delivered", { onChainState: "ResultSubmitted" }, false],
    ["paid wrongly", { onChainState: "FundsOrDatumInvalid" }, false],
    ["given to the seller", { onChainState: "WithdrawAuthorized" }, false],
    ["given back to the buyer", { onChainState: "RefundAuthorized" }, false],
    ["withdrawn", { onChainState: "Withdrawn" }, false],
    ["refunded", { onChainState: "RefundWithdrawn" }, false],
    ["decided by admins", { onChainState: "DisputedWithdrawn" }, false],
    ["in a state of a newer service", { onChainState: "SomethingNew" }, true],
  ])("%s", (_name, changes, isOpen) => {
    expect(openPayment(paymentOf(changes), NOW) !== undefined).toBe(isOpen);
  });

  test("every state that the service's document names is judged by name", () => {
    const recorded = join(import.meta.dirname, "../../../fixtures/providers/masumi/payment-states.json");
    const { onChainState } = JSON.parse(readFileSync(recorded, "utf8")) as { onChainState: string[] };
    const unjudged = onChainState.filter(
      (state) =>
        openPayment(
          paymentOf({ onChainState: state, submitResultTime: past, externalDisputeUnlockTime: past }),
          NOW,
        ) !== undefined,
    );
    expect(unjudged).toEqual([]);
    expect(onChainState).toHaveLength(10);
  });

  const policy = "67ab0c92c4ac1610895a1c965ee50aba41a8f1513b15240723b3bd0b";
  const identifier = (nonce: string, version: string) => `${policy}${nonce}${"ab".repeat(28)}${version}`;
  const rowOf = (type: "V1" | "V2", agentIdentifier: string) =>
    ({ type, agentIdentifier, walletVkey: V2.vkey }) as Row;

  test.each<[string, Row, Partial<Payment>, boolean]>([
    [
      "the same identifier",
      rowOf("V2", identifier("10", "000000")),
      { agentIdentifier: identifier("10", "000000") },
      true,
    ],
    [
      "V2: an identifier of before an update",
      rowOf("V2", identifier("10", "000002")),
      { agentIdentifier: identifier("10", "000000") },
      true,
    ],
    [
      "V2: another agent of the same batch",
      rowOf("V2", identifier("10", "000000")),
      { agentIdentifier: identifier("11", "000000") },
      false,
    ],
    [
      "V1: an identifier that ends otherwise is another agent",
      rowOf("V1", identifier("10", "000002")),
      { agentIdentifier: identifier("10", "000000") },
      false,
    ],
    [
      "no identifier, the same wallet",
      rowOf("V1", "id"),
      { SmartContractWallet: { walletVkey: V2.vkey } },
      true,
    ],
    [
      "no identifier, another wallet",
      rowOf("V1", "id"),
      { agentIdentifier: null, SmartContractWallet: { walletVkey: V1.vkey } },
      false,
    ],
    ["neither identifier nor wallet", rowOf("V1", "id"), {}, true],
  ])("belongs to an agent, or may: %s", (_name, row, changes, belongs) => {
    expect(isPaymentOf(row, paymentOf(changes))).toBe(belongs);
  });

  test("of many only the first ten are listed", () => {
    const open = Array.from({ length: 12 }, (_, index) => ({
      id: `p${index}`,
      state: "FundsLocked",
      until: NOW,
    }));
    expect(describePayments(open)).toMatch(
      /^p0 \(FundsLocked, until 2026-11-22T12:00:00\.000Z\), .*p9 .*, 2 more$/,
    );
  });
});

describe.concurrent("an agent with open payments", () => {
  test.each([V1, V2])("is not deregistered; the list says which and until when ($type)", async (wallet) => {
    await using service = await startService();
    const { id, outs, agentIdentifier } = await registered(service, answering({ wallet }));
    const submitResultTime = Date.now() + HOUR;
    const paid = await service.pay({ agentIdentifier, onChainState: "FundsLocked", submitResultTime });
    const ordered = await service.pay({ agentIdentifier, payByTime: Date.now() + MINUTE });
    await service.pay({ agentIdentifier, onChainState: "Withdrawn" });
    const failure = await failureOf(startRun(service.url).remove(id, outs));
    expect(failure.code).toBe("OPEN_PAYMENTS");
    expect(failure.what).toContain("market-researcher has 2 open payment(s)");
    expect(failure.what).toContain(
      `${paid.id} (FundsLocked, until ${new Date(submitResultTime).toISOString()})`,
    );
    expect(failure.what).toContain(`${ordered.id} (not paid yet, until `);
    expect(failure.remedy).toMatch(
      /Wait until these payments are settled \(at the latest 20.*MASUMI_FORCE_DEREGISTER=1/,
    );
    expect(await burns(service)).toBe(0);
    expect(await states(service)).toEqual(["RegistrationConfirmed"]);

    await service.patchPayment(paid.id, { onChainState: "ResultSubmitted" });
    await service.patchPayment(ordered.id, { payByTime: Date.now() - HOUR });
    await startRun(service.url).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
  });

  test("is deregistered all the same with MASUMI_FORCE_DEREGISTER, with a warning that lists them", async () => {
    await using service = await startService();
    await using engine = await startEngine();
    const { id, outs, agentIdentifier } = await registered(service);
    const paid = await service.pay({ agentIdentifier, onChainState: "FundsLocked" });
    await startRun(service.url, { engine, env: { MASUMI_FORCE_DEREGISTER: "1" } }).remove(id, outs);
    expect(await states(service)).toEqual(["DeregistrationConfirmed"]);
    expect(engine.said()).toContain(`${paid.id} (FundsLocked`);
  });

  test("has those under its earlier identifiers too", async () => {
    await using service = await startService();
    const { id, outs, agentIdentifier } = await registered(service);
    await service.pay({ agentIdentifier, onChainState: "FundsLocked" });
    const run = startRun(service.url);
    await run.update(id, outs, answering({ listing: { name: "Renamed" } }));
    await run.confirm(confirmationOf(id, answering(), { revision: "2" }));
    expect(await failureOf(startRun(service.url).remove(id, outs))).toMatchObject({ code: "OPEN_PAYMENTS" });
  });

  test("is found on the last of several pages, and one read serves all deregistrations of a moment", async () => {
    await using service = await startService();
    const agents = await Promise.all(
      ["first", "second", "third"].map((agentId) =>
        registered(service, answering({ agentId, listing: { name: agentId } })),
      ),
    );
    const [first, ...others] = agents;
    await service.pay({ agentIdentifier: first?.agentIdentifier ?? "", onChainState: "FundsLocked" });
    for (let count = 0; count < 205; count += 1) {
      await service.pay({ agentIdentifier: others[0]?.agentIdentifier ?? "", onChainState: "Withdrawn" });
    }
    const run = startRun(service.url);
    const ends = await Promise.allSettled(agents.map(({ id, outs }) => run.remove(id, outs)));
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    // Three pages, the first of them again after the service was asked how many payments there are.
    expect(await service.requests()).toMatchObject({ "GET /payment": 4, "GET /payment/count": 1 });
  });

  test.each([3_600, -3_600])(
    "is recognised although the service's clock is %i s off",
    async (clockSkewSeconds) => {
      await using service = await startService({ chainSpeed: "instant", clockSkewSeconds });
      const { id, outs, agentIdentifier } = await registered(service);
      await service.pay({
        agentIdentifier,
        onChainState: "FundsLocked",
        submitResultTime: Date.now() + 5 * MINUTE,
      });
      expect(await failureOf(startRun(service.url).remove(id, outs))).toMatchObject({
        code: "OPEN_PAYMENTS",
      });
    },
  );

  test("that were never minted are not asked about", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    await service.patch(id, { state: "RegistrationFailed" });
    await startRun(service.url).remove(id, outs);
    expect(await service.requests()).not.toHaveProperty("GET /payment");
  });
});

describe.concurrent("payments that cannot be seen", () => {
  const unseen = async (options: RunOptions, fault: Record<string, unknown>) => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await service.fault({ route: "GET /payment", ...fault });
    const ended = await startRun(service.url, options)
      .remove(id, outs)
      .then(() => "deregistered")
      .catch((error: { code: string }) => error.code);
    return { ended, burns: await burns(service) };
  };

  test("because the service is in trouble keep the agent registered", async () => {
    expect(await unseen({}, { kind: "error-before-write", count: 9 })).toEqual({
      ended: "SERVICE_FAILED",
      burns: 0,
    });
  });

  test("hold nothing up with MASUMI_FORCE_DEREGISTER", async () => {
    const env = { MASUMI_FORCE_DEREGISTER: "1" };
    expect(await unseen({ env }, { kind: "error-before-write", count: 9 })).toEqual({
      ended: "deregistered",
      burns: 1,
    });
  });

  test("because the service does not show them keep the agent registered, and say how to go on", async () => {
    await using service = await startService({ world: WORLDS["release 0.21"], chainSpeed: "instant" });
    const { id, outs } = await registered(service, answering({ wallet: V1 }));
    const failure = await failureOf(startRun(service.url).remove(id, outs));
    expect(failure).toMatchObject({ code: "OPEN_PAYMENTS_UNKNOWN", status: 501 });
    expect(failure.remedy).toContain("MASUMI_FORCE_DEREGISTER=1");
    expect(await states(service)).toEqual(["RegistrationConfirmed"]);
  });
});

test.concurrent(
  "the payments of a release before V2 are listed without the filter that it does not know",
  async () => {
    const asked: string[] = [];
    await using server = await startServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("Content-Type", "application/json");
      const body = request.url?.startsWith("/api-docs")
        ? { paths: { "/registry": {} } }
        : { status: "success", data: { Payments: [{ id: "p", onChainState: null, submitResultTime: "5" }] } };
      response.end(JSON.stringify(body));
    });
    const client = new MasumiClient({ url: `${server.url}/api/v1`, token: "key" });
    const { payments, serverTime } = await client.listPayments({ network: "Preprod", type: "V1" });
    expect(payments).toEqual([{ id: "p", onChainState: null, submitResultTime: "5" }]);
    expect(Math.abs((serverTime ?? 0) - Date.now())).toBeLessThan(10_000);
    expect(asked).toEqual(["/api-docs", "/api/v1/payment?network=Preprod&limit=100"]);
  },
);
