import { describe, expect, it } from "vitest";
import { startedJob } from "../../buyer/agent-wire.ts";
import { type Agreed, purchaseRequest } from "../../buyer/purchase-request.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const [SELLER, OTHER, HASH] = ["aa".repeat(28), "bb".repeat(28), "cc".repeat(32)];

const agreed = (changes: Partial<Agreed> = {}): Agreed => ({
  network: "Preprod",
  purchaser: "aabbccddeeff0011",
  inputHash: HASH,
  agent: {
    agentIdentifier: "agent",
    name: "Seller",
    pricing: { type: "fixed", funds: [{ unit: "", amount: "2" }] },
    sourceIndex: 0,
  },
  sellerVkeys: [SELLER],
  now: NOW,
  ...changes,
});

const answer = (changes: object = {}) =>
  startedJob.parse({
    id: "job",
    blockchainIdentifier: "chain",
    sellerVKey: SELLER,
    input_hash: HASH,
    payByTime: NOW + 1,
    submitResultTime: NOW + 1 + 5 * MINUTE,
    unlockTime: NOW + 1 + 20 * MINUTE,
    externalDisputeUnlockTime: NOW + 1 + 35 * MINUTE,
    ...changes,
  });

const differs = (message: RegExp) =>
  expect.objectContaining({
    code: "HIRE_TERMS_DIFFER",
    message: expect.stringMatching(message) as string,
  }) as Error;

describe("a job's answer becomes a purchase", () => {
  it("when it is what was agreed, with times exactly as close as the payment service allows", () => {
    expect(purchaseRequest(answer(), agreed())).toMatchObject({
      sellerVkey: SELLER,
      inputHash: HASH,
      payByTime: String(NOW + 1),
      supportedPaymentSourceIndex: 0,
      Amounts: [{ unit: "", amount: "2" }],
    });
  });

  it("and the seller that was known before is paid where the answer names none", () => {
    const request = purchaseRequest(answer({ sellerVKey: undefined }), agreed());
    expect(request.sellerVkey).toBe(SELLER);
  });

  it("a fixed price is the registry's, whatever the answer says", () => {
    const amounts = [{ unit: "", amount: "99" }];
    expect(purchaseRequest(answer({ amounts }), agreed()).Amounts).toEqual([{ unit: "", amount: "2" }]);
  });
});

describe("a seller that is not the one who was named", () => {
  it.each<[string, object, Partial<Agreed>, RegExp]>([
    ["by the agent itself", { sellerVKey: OTHER }, {}, /sellerVKey is bb.*, not aa/],
    [
      "by the stack that runs the agent, though the agent names its own twice",
      { sellerVKey: OTHER },
      { sellerVkeys: [OTHER, SELLER] },
      /sellerVKey is bb.*, not aa/,
    ],
    [
      "by the stack, where the answer names none",
      { sellerVKey: undefined },
      { sellerVkeys: [OTHER, SELLER] },
      /sellerVKey is bb.*, not aa/,
    ],
    ["by anybody", { sellerVKey: undefined }, { sellerVkeys: [] }, /sellerVKey is missing/],
  ])("%s", (_, changes, known, message) => {
    expect(() => purchaseRequest(answer(changes), agreed(known))).toThrow(differs(message));
  });
});

describe("other differences", () => {
  it.each<[string, object, RegExp]>([
    ["a payment that is due now", { payByTime: NOW }, /payByTime is over/],
    ["a result too early", { submitResultTime: NOW + 5 * MINUTE }, /submitResultTime is not 5 minutes/],
    ["an unlock too early", { unlockTime: NOW + 20 * MINUTE }, /unlockTime is not 15 minutes/],
    [
      "a dispute's end too early",
      { externalDisputeUnlockTime: NOW + 35 * MINUTE },
      /externalDisputeUnlockTime is not 15 minutes/,
    ],
    ["funds locked too long", { externalDisputeUnlockTime: NOW + 60 * DAY + 1 }, /more than 60 days/],
    ["another payment source", { supportedPaymentSourceIndex: 1 }, /supportedPaymentSourceIndex is 1, not 0/],
    ["another input", { input_hash: "dd".repeat(32) }, /input_hash is dd/],
  ])("%s", (_, changes, message) => {
    expect(() => purchaseRequest(answer(changes), agreed())).toThrow(differs(message));
  });

  it("none at exactly 60 days", () => {
    const request = answer({ externalDisputeUnlockTime: NOW + 60 * DAY });
    expect(() => purchaseRequest(request, agreed())).not.toThrow();
  });
});
