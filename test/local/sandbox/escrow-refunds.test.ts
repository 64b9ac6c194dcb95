import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { SandboxClient } from "./client.ts";
import { type Agent, BUYER_WALLET, Deal, listAgent, SELLER_WALLET, type SourceType } from "./deal.ts";

const NOW = Date.parse("2026-11-22T12:00:04.000Z");
const MINUTES = 60;
/** A request, its transaction and its confirmation. */
const ROUND = 75;
/** What a side rests after it has acted, and before it may act again. */
const COOLDOWN = 25 * MINUTES;

let sandbox: RunningSandbox;
let client: SandboxClient;
let agent: Agent;
let deal: Deal;

async function begin(type: SourceType): Promise<void> {
  sandbox = await startSandbox({ chainSpeed: 0, now: () => NOW });
  client = new SandboxClient(sandbox);
  agent = await listAgent(client, type, { unit: "", amount: "7000000" });
  deal = new Deal(client, agent, NOW);
}
afterEach(() => sandbox.close());

/** What a wallet has, fees it paid included. */
async function wealth(vkey: string): Promise<number> {
  const { balanceLovelace, spentFeesLovelace } = await client.wallet(vkey);
  return balanceLovelace + spentFeesLovelace;
}

const both = (state: string) => [state, state];

async function requestRefund(): Promise<void> {
  const reply = await deal.act("purchase/request-refund", "buyer");
  expect(reply.body.data.NextAction.requestedAction).toBe("SetRefundRequestedRequested");
  await client.advance(ROUND);
}

async function submitResult(): Promise<void> {
  expect((await deal.submitResult()).status).toBe(200);
  await client.advance(ROUND);
}

describe.each(["Web3CardanoV1", "Web3CardanoV2"] as const)("on %s", (type) => {
  it.each([false, true])(
    "no result in time: the buyer gets all back, with a request for it: %s",
    async (isRequested) => {
      await begin(type);
      const before = await wealth(BUYER_WALLET[type]);
      await deal.lock();
      expect(await wealth(BUYER_WALLET[type])).toBe(before - 7_000_000);
      if (isRequested) await requestRefund();
      expect(await deal.states()).toEqual(
        both(`${isRequested ? "RefundRequested" : "FundsLocked"}/WaitingForExternalAction`),
      );
      await client.advance((await deal.secondsUntil("submitResultTime")) + 9 * MINUTES);
      expect((await deal.purchase()).NextAction.requestedAction).toBe("WaitingForExternalAction");
      await client.advance(3 * MINUTES);
      expect(await deal.states()).toEqual(both("RefundWithdrawn/None"));
      expect(await wealth(BUYER_WALLET[type])).toBe(before);
    },
  );

  it("a result after the request for a refund is a dispute; the buyer gives way, and the seller is paid", async () => {
    await begin(type);
    const before = await wealth(SELLER_WALLET[type]);
    await deal.lock();
    await requestRefund();
    await submitResult();
    expect(await deal.states()).toEqual(both("Disputed/WaitingForExternalAction"));

    await client.advance(COOLDOWN);
    const given = await deal.act("purchase/cancel-refund-request", "buyer");
    const isV2 = type === "Web3CardanoV2";
    expect(given.body.data.NextAction.requestedAction).toBe(
      isV2 ? "AuthorizeWithdrawalRequested" : "UnSetRefundRequestedRequested",
    );
    await client.advance(ROUND);
    const [payment] = await deal.states();
    expect(payment).toMatch(isV2 ? /^WithdrawAuthorized/ : /^ResultSubmitted/);
    // V2 does not wait for the unlock time any more.
    if (!isV2) await client.advance((await deal.secondsUntil("unlockTime")) + 9 * MINUTES);
    await client.advance(4 * MINUTES);
    expect(await deal.states()).toEqual(both("Withdrawn/None"));
    const fee = isV2 ? 0 : 1_435_230;
    expect(await wealth(SELLER_WALLET[type])).toBe(before + 7_000_000 - fee);
  });

  it("a refund requested after the result is a dispute that stays", async () => {
    await begin(type);
    await deal.lock();
    await submitResult();
    await requestRefund();
    expect(await deal.states()).toEqual(both("Disputed/WaitingForExternalAction"));
    await client.advance(24 * 60 * MINUTES);
    expect(await deal.states()).toEqual(both("Disputed/WaitingForExternalAction"));
  });

  it("a refund that the seller grants in a dispute waits for people, since there is a result", async () => {
    await begin(type);
    await deal.lock();
    await requestRefund();
    await submitResult();
    await client.advance(COOLDOWN);
    const granted = await deal.act("payment/authorize-refund", "pay");
    expect(granted.body.data.NextAction.requestedAction).toBe("AuthorizeRefundRequested");
    await client.advance(ROUND);
    const state = type === "Web3CardanoV1" ? "RefundRequested" : "RefundAuthorized";
    expect(await deal.states()).toEqual(both(`${state}/WaitingForExternalAction`));
    expect((await deal.purchase()).resultHash).toBe(deal.resultHash);
    await client.advance(24 * 60 * MINUTES);
    expect(await deal.states()).toEqual(both(`${state}/WaitingForExternalAction`));
  });

  it("nobody pays in time: five minutes later the payment is invalid", async () => {
    await begin(type);
    await deal.makePayment();
    await client.advance((await deal.secondsUntil("payByTime")) + 5 * MINUTES - 1);
    expect((await deal.payment()).onChainState).toBeNull();
    await client.advance(30);
    const { payByTime } = deal.made;
    expect(await deal.payment()).toMatchObject({
      onChainState: "FundsOrDatumInvalid",
      NextAction: {
        requestedAction: "WaitingForManualAction",
        errorType: "Unknown",
        errorNote: `Payment request payByTime (${payByTime}) passed without on-chain lock; no FundsLocked tx observed within 300s grace.`,
      },
    });
  });

  it("a buyer without money is an error at once, and the end when the time has passed", async () => {
    await begin(type);
    await client.control("PATCH", `/wallets/${BUYER_WALLET[type]}`, { balanceLovelace: 8_000_000 });
    await deal.pay();
    await client.advance(45);
    expect((await deal.purchase()).NextAction).toEqual({
      requestedAction: "WaitingForManualAction",
      errorType: "InsufficientFunds",
      errorNote: "Not enough funds in wallets",
    });
    await client.advance((await deal.secondsUntil("payByTime")) + 6 * MINUTES);
    expect(await deal.states()).toEqual(both("FundsOrDatumInvalid/WaitingForManualAction"));
  });

  it("a result that comes too late is never submitted, and the buyer gets the money", async () => {
    await begin(type);
    await deal.lock();
    await client.advance((await deal.secondsUntil("submitResultTime")) - 4 * MINUTES);
    await deal.submitResult();
    await client.advance(3 * MINUTES);
    expect((await deal.payment()).NextAction.requestedAction).toBe("SubmitResultRequested");
    await client.advance(14 * MINUTES);
    expect(await deal.states()).toEqual(["RefundWithdrawn/WaitingForManualAction", "RefundWithdrawn/None"]);
  });
});

it("a refund that the seller grants before a result is paid at once on V2", async () => {
  await begin("Web3CardanoV2");
  await deal.lock();
  await requestRefund();
  await deal.act("payment/authorize-refund", "pay");
  await client.advance(4 * MINUTES);
  expect(await deal.states()).toEqual(both("RefundWithdrawn/None"));
});

it("a refund that the seller grants before a result is never carried out on V1; the time brings it", async () => {
  await begin("Web3CardanoV1");
  await deal.lock();
  await requestRefund();
  await deal.act("payment/authorize-refund", "pay");
  await client.advance(4 * MINUTES);
  expect(await deal.states()).toEqual([
    "RefundRequested/AuthorizeRefundRequested",
    "RefundRequested/WaitingForExternalAction",
  ]);
  await client.advance((await deal.secondsUntil("submitResultTime")) + 13 * MINUTES);
  expect(await deal.states()).toEqual(["RefundWithdrawn/WaitingForManualAction", "RefundWithdrawn/None"]);
});
