import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, type SandboxOptions, startSandbox } from "../../../local/sandbox/index.ts";
import { registration, type Reply, SandboxClient, V1_WALLET } from "./client.ts";
import { type Agent, BUYER_WALLET, Deal, listAgent, type Side, TUSDM } from "./deal.ts";

const START = Date.parse("2026-11-22T12:00:04.000Z");
const MINUTES = 60;

let now: number;
let sandbox: RunningSandbox;
let client: SandboxClient;

async function start(options: SandboxOptions = {}): Promise<void> {
  sandbox = await startSandbox({ chainSpeed: 0, now: () => now, ...options });
  client = new SandboxClient(sandbox);
}
beforeEach(() => {
  now = START;
});
afterEach(() => sandbox.close());

const fault = (kind: string, more: object) =>
  client.control("POST", "/faults", { faults: [{ kind, ...more }] });
const lost = (request: Promise<unknown>) =>
  request.then(
    () => "answered",
    () => "lost",
  );
const both = (state: string) => [state, state];
const listed = async (path: string) =>
  (await client.ask<Record<string, Side[]>>("GET", `${path}?network=Preprod`, undefined, "read")).body.data;

describe("an answer that is lost", () => {
  let deal: Deal;
  beforeEach(async () => {
    await start();
    deal = new Deal(client, await listAgent(client, "Web3CardanoV1", { unit: "", amount: "7000000" }), now);
  });

  it("after a purchase was written: asking again names it, and it is paid once", async () => {
    await deal.makePayment();
    await fault("lost-after-write", { route: "POST /purchase" });
    expect(await lost(deal.buy())).toBe("lost");
    const again = (await deal.buy()) as Reply<Side> & { body: { id: string } };
    expect([again.status, again.body.id]).toEqual([409, (await deal.purchase()).id]);
    await client.advance(90);
    expect(await deal.states()).toEqual(both("FundsLocked/WaitingForExternalAction"));
    expect((await listed("/purchase"))["Purchases"]).toHaveLength(1);
  });

  it("before a purchase was written: asking again makes it", async () => {
    await deal.makePayment();
    await fault("lost-before-write", { route: "POST /purchase" });
    expect(await lost(deal.buy())).toBe("lost");
    expect((await deal.buy()).status).toBe(200);
  });

  it("after a payment was written: asking again makes another", async () => {
    await fault("lost-after-write", { route: "POST /payment" });
    expect(await lost(deal.makePayment())).toBe("lost");
    await deal.makePayment();
    const { Payments = [] } = await listed("/payment");
    expect(new Set(Payments.map(({ blockchainIdentifier }) => blockchainIdentifier)).size).toBe(2);
  });

  it("after a result was written: asking again is too late, the result is under way", async () => {
    await deal.lock();
    await fault("lost-after-write", { route: "POST /payment/submit-result" });
    expect(await lost(deal.submitResult())).toBe("lost");
    expect((await deal.submitResult()).status).toBe(404);
    await client.advance(75);
    expect((await deal.payment()).resultHash).toBe(deal.resultHash);
  });

  it("because the chain cannot be reached: nothing is written", async () => {
    await fault("chain-down", { route: "POST /payment" });
    expect((await deal.makePayment()).status).toBe(500);
    expect((await listed("/payment"))["Payments"]).toEqual([]);
  });
});

describe("a transaction", () => {
  let agent: Agent;
  let deal: Deal;
  const begin = async (type: "Web3CardanoV1" | "Web3CardanoV2") => {
    await start();
    agent = await listAgent(client, type, { unit: TUSDM, amount: "5000000" });
    deal = new Deal(client, agent, now);
  };

  it("that the chain refuses leaves a purchase to people", async () => {
    await begin("Web3CardanoV1");
    await fault("fail-transaction", { operation: "LockFunds", error: "no." });
    await deal.pay();
    await client.advance(60);
    expect((await deal.purchase()).NextAction).toEqual({
      requestedAction: "WaitingForManualAction",
      errorType: "Unknown",
      errorNote: "Batching payments rejected by node: no.",
    });
  });

  it("that the chain refuses is tried again for a result", async () => {
    await begin("Web3CardanoV2");
    await deal.lock();
    await fault("fail-transaction", { operation: "SubmitResult", name: "seller" });
    await deal.submitResult();
    // The next tick is a second away, the one after it sixteen.
    await client.advance(5);
    expect((await deal.payment()).NextAction).toMatchObject({
      requestedAction: "SubmitResultRequested",
      resultHash: deal.resultHash,
    });
    await client.advance(75);
    expect(await deal.states()).toEqual(both("ResultSubmitted/WaitingForExternalAction"));
  });

  it("that never lands is given up after seven minutes, and its money stays", async () => {
    await begin("Web3CardanoV1");
    const before = await client.wallet(BUYER_WALLET.Web3CardanoV1);
    await fault("drop-transaction", { operation: "LockFunds" });
    await deal.pay();
    await client.advance(6 * MINUTES);
    expect((await deal.purchase()).NextAction.requestedAction).toBe("FundsLockingInitiated");
    await client.advance(2 * MINUTES);
    expect(await deal.purchase()).toMatchObject({
      onChainState: null,
      NextAction: {
        requestedAction: "WaitingForExternalAction",
        errorType: "Unknown",
        errorNote: "Timeout when waiting for transaction",
      },
      CurrentTransaction: { status: "FailedViaTimeout" },
    });
    expect(await client.wallet(BUYER_WALLET.Web3CardanoV1)).toEqual(before);
  });

  it.each([
    ["Web3CardanoV1", 3],
    ["Web3CardanoV2", 1],
  ] as const)("of %s: one pays three purchases, %i submit their results", async (type, count) => {
    await begin(type);
    const deals = [0, 1, 2].map(() => new Deal(client, agent, now));
    for (const one of deals) await one.pay();
    await client.advance(90);
    const hashes = async () =>
      new Set(await Promise.all(deals.map(async (one) => (await one.payment()).CurrentTransaction?.txHash)));
    expect((await hashes()).size).toBe(1);
    for (const one of deals) await one.submitResult();
    await client.advance(5 * MINUTES);
    for (const one of deals)
      expect(await one.states()).toEqual(both("ResultSubmitted/WaitingForExternalAction"));
    expect((await hashes()).size).toBe(count);
  });

  it("waits for the other side's: a refund asked for while a result lands is a dispute", async () => {
    await begin("Web3CardanoV2");
    await deal.lock();
    await deal.submitResult();
    await client.advance(16);
    await deal.act("purchase/request-refund", "buyer");
    await client.advance(3 * MINUTES);
    expect(await deal.states()).toEqual(both("Disputed/WaitingForExternalAction"));
  });

  it("is kept in the history with its actions, the latest first", async () => {
    await begin("Web3CardanoV1");
    await deal.lock();
    await deal.submitResult();
    await client.advance(75);
    const { ActionHistory, TransactionHistory, CurrentTransaction } = await deal.payment({
      includeHistory: "true",
    });
    expect(ActionHistory).toMatchObject([
      { requestedAction: "SubmitResultInitiated", resultHash: deal.resultHash },
      { requestedAction: "SubmitResultRequested", resultHash: deal.resultHash },
      { requestedAction: "WaitingForExternalAction" },
      { requestedAction: "WaitingForExternalAction" },
    ]);
    expect(TransactionHistory).toMatchObject([
      { status: "Confirmed", previousOnChainState: null, newOnChainState: "FundsLocked" },
    ]);
    expect(CurrentTransaction).toMatchObject({
      status: "Confirmed",
      previousOnChainState: "FundsLocked",
      newOnChainState: "ResultSubmitted",
    });
    const actions = (await deal.purchase({ includeHistory: "TRUE" }))[
      "ActionHistory"
    ] as Side["NextAction"][];
    expect(actions.map(({ requestedAction }) => requestedAction)).toEqual([
      "WaitingForExternalAction",
      "FundsLockingInitiated",
      "FundsLockingRequested",
    ]);
    expect((await deal.payment())["ActionHistory"]).toBeNull();
  });

  it("shows in the lists of changes, the latest last", async () => {
    await begin("Web3CardanoV1");
    const other = new Deal(client, agent, now);
    await other.makePayment();
    now += 1_000;
    await deal.lock();
    const changed = async (kind: string, since: number) => {
      const path = `/payment/diff${kind}?network=Preprod&lastUpdate=${new Date(since).toISOString()}`;
      const reply = await client.ask<{ Payments: Side[] }>("GET", path, undefined, "read");
      return reply.body.data.Payments.map(({ id }) => id);
    };
    expect(await changed("", START)).toEqual([other.made.id, deal.made.id]);
    expect(await changed("/onchain-state-or-result", now)).toEqual([deal.made.id]);
    expect(await changed("/next-action", now + 1)).toEqual([]);
  });
});

describe("a restart with open escrows", () => {
  let folder: string;
  const restart = async () => {
    await sandbox.close();
    await start({ db: join(folder, "sandbox.sqlite") });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    await start({ db: join(folder, "sandbox.sqlite") });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("loses nothing and goes on, each where it was", async () => {
    const agent = await listAgent(client, "Web3CardanoV2", { unit: TUSDM, amount: "5000000" });
    const deals = [0, 1, 2, 3].map(() => new Deal(client, agent, now));
    const [waiting, locking, locked, submitted] = deals as [Deal, Deal, Deal, Deal];
    await submitted.lock();
    await submitted.submitResult();
    await client.advance(75);
    await locked.lock();
    await waiting.makePayment();
    await locking.pay();
    await client.advance(10);

    const everything = async () =>
      Promise.all(
        ["/payment", "/purchase"].map(
          async (path) =>
            (
              await client.ask(
                "GET",
                `${path}?network=Preprod&filterPaymentSourceType=Web3CardanoV2&includeHistory=true`,
              )
            ).body.data,
        ),
      );
    const before = [await everything(), await client.control("GET", "/wallets")];
    await restart();
    expect([await everything(), await client.control("GET", "/wallets")]).toEqual(before);
    for (const deal of deals) deal.use(client);
    expect(await locking.states()).toEqual(["-/WaitingForExternalAction", "-/FundsLockingInitiated"]);

    await client.advance(60);
    expect((await waiting.buy()).status).toBe(200);
    expect(await locking.states()).toEqual(both("FundsLocked/WaitingForExternalAction"));
    expect((await locked.submitResult()).status).toBe(200);
    await restart();
    for (const deal of deals) deal.use(client);
    await client.advance((await submitted.secondsUntil("unlockTime")) + 30 * MINUTES);
    expect(await submitted.states()).toEqual(both("Withdrawn/None"));
    expect(await locked.states()).toEqual(both("Withdrawn/None"));
    expect(await locking.states()).toEqual(both("RefundWithdrawn/None"));
  });
});

describe("deadlines", () => {
  it("are not leapt over by an instant chain, only passed when it is advanced", async () => {
    await start({ chainSpeed: "instant" });
    const agent = await listAgent(client, "Web3CardanoV1", { unit: "", amount: "7000000" });
    const deal = new Deal(client, agent, now);
    await deal.pay();
    expect(await deal.states()).toEqual(both("FundsLocked/WaitingForExternalAction"));
    // Each of these takes a minute and more of the chain's time.
    for (let count = 0; count < 50; count++) {
      await client.register(registration(`other ${count}`, V1_WALLET));
      await client.rows();
    }
    await deal.submitResult();
    expect(await deal.states()).toEqual(both("ResultSubmitted/WaitingForExternalAction"));
    await client.advance(99 * MINUTES);
    expect((await deal.payment()).onChainState).toBe("ResultSubmitted");
    await client.advance(2 * MINUTES);
    expect(await deal.states()).toEqual(both("Withdrawn/None"));
  });

  it("of a chain that runs 60 times as fast, and is a day ahead, come 60 times as soon", async () => {
    await start({ chainSpeed: 60 });
    const seconds = async (real: number) => {
      now += real * 1_000;
      await client.control("GET", "/status");
    };
    const agent = await listAgent(client, "Web3CardanoV2", { unit: TUSDM, amount: "5000000" });
    await seconds(24 * 60);
    const deal = new Deal(client, agent, now);
    await deal.pay();
    await seconds(2);
    expect(await deal.states()).toEqual(both("FundsLocked/WaitingForExternalAction"));
    await deal.submitResult();
    await seconds(2);
    expect(await deal.states()).toEqual(both("ResultSubmitted/WaitingForExternalAction"));
    await seconds(90);
    expect((await deal.payment()).onChainState).toBe("ResultSubmitted");
    await seconds(10);
    expect(await deal.states()).toEqual(both("Withdrawn/None"));
  });

  it("are those of the payment for its purchase, too", async () => {
    await start({ chainSpeed: 60 });
    const agent = await listAgent(client, "Web3CardanoV2", { unit: TUSDM, amount: "5000000" });
    const deal = new Deal(client, agent, now);
    await deal.makePayment();
    now += 21_000;
    const late = await deal.buy();
    expect(late.body.error?.message).toBe("Pay by time must be in the future (max. 5 minutes)");
  });
});
