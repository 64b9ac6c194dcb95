import { describe, expect, it } from "vitest";
import type { JobStatus } from "../../buyer/agent-wire.ts";
import { type Standing, nextStep } from "../../buyer/next-step.ts";
import { sha256 } from "./seller.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const HOUR = 3_600_000;
const HASH = sha256("aabb;done");

const purchase = (changes: object = {}): Standing["purchase"] => ({
  id: "p",
  blockchainIdentifier: "b",
  onChainState: "FundsLocked",
  resultHash: null,
  NextAction: { requestedAction: "WaitingForExternalAction" },
  submitResultTime: NOW + HOUR,
  unlockTime: NOW + 2 * HOUR,
  ...changes,
});
const job = (status: string, result?: string): JobStatus => ({ status, ...(result ? { result } : {}) });
const doing = (requestedAction: string, more: object = {}) => ({ NextAction: { requestedAction, ...more } });

describe("what is to be done about a paid job", () => {
  it.each<[string, object, JobStatus | undefined, string]>([
    [
      "not locked yet",
      { onChainState: null, ...doing("FundsLockingRequested") },
      job("awaiting_payment"),
      "wait locking",
    ],
    [
      "not locked, and the job failed: there is nothing to ask back yet",
      { onChainState: null, ...doing("FundsLockingInitiated") },
      job("failed"),
      "wait locking",
    ],
    [
      "a wallet without funds",
      { onChainState: null, ...doing("FundsLockingRequested", { errorType: "InsufficientFunds" }) },
      undefined,
      "end not-paid",
    ],
    [
      "given up by the service",
      { onChainState: null, ...doing("WaitingForManualAction") },
      undefined,
      "end not-paid",
    ],
    ["never locked", { onChainState: null, submitResultTime: NOW - 1 }, undefined, "end not-paid"],
    ["other funds than agreed", { onChainState: "FundsOrDatumInvalid" }, undefined, "end not-paid"],
    ["locked, the agent not yet aware", {}, job("awaiting_payment"), "wait locked"],
    ["locked, the agent not answering", {}, undefined, "wait locked"],
    ["working", {}, job("running"), "wait running"],
    ["asking back", {}, job("awaiting_input"), "answer"],
    ["done, not on the chain yet", {}, job("completed", "done"), "wait delivered"],
    ["done", { onChainState: "ResultSubmitted", resultHash: HASH }, job("completed", "done"), "end result"],
    [
      "done and collected",
      { onChainState: "Withdrawn", resultHash: HASH },
      job("completed", "done"),
      "end result",
    ],
    [
      "done with another hash",
      { onChainState: "ResultSubmitted", resultHash: "00" },
      job("completed", "done"),
      "end differs",
    ],
    [
      "an empty result",
      { onChainState: "ResultSubmitted", resultHash: HASH },
      job("completed"),
      "wait locked",
    ],
    ["failed", {}, job("failed"), "ask-refund"],
    [
      "failed after a hash",
      { onChainState: "ResultSubmitted", resultHash: HASH },
      job("failed"),
      "ask-refund",
    ],
    ["failed while the service is busy", doing("SubmitResultInitiated"), job("failed"), "wait refunding"],
    ["late", { submitResultTime: NOW - 1 }, job("running"), "ask-refund"],
    ["late with a result and no hash", { submitResultTime: NOW - 1 }, job("completed", "done"), "ask-refund"],
    [
      "late, and the hash came in time",
      { submitResultTime: NOW - 1, onChainState: "ResultSubmitted", resultHash: HASH },
      job("running"),
      "wait running",
    ],
    [
      "a hash and no result shortly before the seller collects",
      { unlockTime: NOW + 60_000, onChainState: "ResultSubmitted", resultHash: HASH },
      job("running"),
      "ask-refund",
    ],
    ["a refund asked for", doing("SetRefundRequestedRequested"), job("running"), "end refund"],
    [
      "a refund that the service collects by itself",
      doing("WithdrawRefundRequested"),
      undefined,
      "end refund",
    ],
    ["refunded", { onChainState: "RefundWithdrawn" }, undefined, "end refund"],
    ["disputed", { onChainState: "Disputed", resultHash: HASH }, job("completed", "done"), "end refund"],
  ])("%s", (_, changes, said, expected) => {
    const step = nextStep({
      purchase: purchase(changes),
      job: said,
      purchaser: "aabb",
      now: NOW,
      wantsRefund: false,
    });
    const kind = step.does === "wait" ? ` ${step.stage}` : step.does === "end" ? ` ${step.outcome.kind}` : "";
    expect(`${step.does}${kind}`).toBe(expected);
  });

  const notInTime = doing("WaitingForManualAction", {
    errorNote:
      "Purchase request payByTime (1) passed without on-chain lock; no FundsLocked tx observed within 300s grace.",
  });
  const transaction = { CurrentTransaction: { txHash: "ab", status: "Confirmed" } };
  it.each<[string, object, RegExp]>([
    ["nothing locked in time", { payByTime: NOW - 1 }, /PAYMENT_EXPIRED/],
    [
      "a transaction that never came to be",
      { payByTime: NOW - 1, ...transaction, ...notInTime },
      /PAYMENT_EXPIRED/,
    ],
    ["other funds, and late", { payByTime: NOW - 1, ...transaction }, /not what was agreed/],
    ["other funds", { payByTime: NOW + 1, ...transaction }, /not what was agreed/],
  ])("FundsOrDatumInvalid says which of two it is: %s", (_, changes, why) => {
    const invalid = purchase({ onChainState: "FundsOrDatumInvalid", ...changes });
    const step = nextStep({
      purchase: invalid,
      job: undefined,
      purchaser: "aabb",
      now: NOW,
      wantsRefund: false,
    });
    expect(step).toMatchObject({
      does: "end",
      outcome: { kind: "not-paid", why: expect.stringMatching(why) },
    });
  });

  it.each([
    ["before a result", {}, "ask-refund"],
    ["after one", { onChainState: "ResultSubmitted", resultHash: HASH }, "ask-refund"],
    ["once the seller has collected", { onChainState: "Withdrawn", resultHash: HASH }, "end"],
  ])("the buyer wants the money back %s", (_, changes, expected) => {
    const said = job("completed", "done");
    expect(
      nextStep({ purchase: purchase(changes), job: said, purchaser: "aabb", now: NOW, wantsRefund: true })
        .does,
    ).toBe(expected);
  });
});
