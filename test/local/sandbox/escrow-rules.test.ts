import lzString from "lz-string";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { makeIdentifier, readIdentifier } from "../../../local/sandbox/escrow/signed-identifier.ts";
import { loadWorld } from "../../../local/sandbox/world.ts";
import { SandboxClient, V1_CONTRACT } from "./client.ts";
import { type Agent, Deal, listAgent, TUSDM } from "./deal.ts";

const NOW = Date.parse("2026-11-22T12:00:04.000Z");
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
const HEX_64 = "ab".repeat(32);
const TERMS = {
  inputHash: HEX_64,
  agentIdentifier: "cd".repeat(60),
  purchaserIdentifier: "0123456789abcdef",
  sellerIdentifier: `${"ef".repeat(32)}${"cd".repeat(60)}`,
  RequestedFunds: null,
  payByTime: "1800000000000",
  submitResultTime: "1800003600000",
  unlockTime: "1800025200000",
  externalDisputeUnlockTime: "1800046800000",
};

let sandbox: RunningSandbox;
let client: SandboxClient;
const agents: Record<string, Agent> = {};

beforeAll(async () => {
  sandbox = await startSandbox({ chainSpeed: 0, now: () => NOW });
  client = new SandboxClient(sandbox);
  agents["V1"] = await listAgent(client, "Web3CardanoV1", { unit: "", amount: "7000000" });
  agents["V1 dynamic"] = await listAgent(client, "Web3CardanoV1", "Dynamic");
  agents["V2"] = await listAgent(client, "Web3CardanoV2", { unit: TUSDM, amount: "5000000" });
  agents["V2 dynamic"] = await listAgent(client, "Web3CardanoV2", "Dynamic");
  agents["V2 free"] = await listAgent(client, "Web3CardanoV2", "Free");
});
afterAll(() => sandbox.close());

function dealWith(name: string): Deal {
  const agent = agents[name];
  if (!agent) throw new Error(`there is no agent ${name}`);
  return new Deal(client, agent, NOW);
}

describe("POST /payment", () => {
  it.each([
    [
      "V2",
      { supportedPaymentSourceIndex: undefined },
      400,
      "V2 Cardano payments require supportedPaymentSourceIndex",
    ],
    [
      "V2",
      { supportedPaymentSourceIndex: 1 },
      400,
      "supportedPaymentSourceIndex 1 is not advertised by this agent",
    ],
    ["V2", { paymentSourceType: "Web3CardanoV1" }, 400, "paymentSourceType does not match"],
    ["V1", { supportedPaymentSourceIndex: 0 }, 400, "V1 Cardano payments must not set"],
    ["V2 free", {}, 400, "Pricing type not supported for payments"],
    ["V2 dynamic", {}, 400, "For dynamic pricing, RequestedFunds must be provided"],
    [
      "V2 dynamic",
      { RequestedFunds: [{ unit: "", amount: "0" }] },
      400,
      "RequestedFunds amounts must be positive",
    ],
    ["V2 dynamic", { RequestedFunds: [{ unit: "", amount: "a lot" }] }, 500, "Internal Server Error"],
    ["V1", { payByTime: at(-6), submitResultTime: at(60) }, 400, "Pay by time must be in the future"],
    ["V1", { payByTime: at(-4), submitResultTime: at(60) }, 200, ""],
    ["V1", { payByTime: at(56) }, 400, "Pay by time must be before submit result time (min. 5 minutes)"],
    ["V1", { payByTime: at(1), submitResultTime: at(14) }, 400, "Submit result time must be in the future"],
    ["V1", { unlockTime: at(74) }, 400, "Submit result time must be before unlock time"],
    [
      "V1",
      { externalDisputeUnlockTime: at(104) },
      400,
      "External dispute unlock time must be after unlock time",
    ],
    ["V1", { unlockTime: undefined, externalDisputeUnlockTime: undefined }, 200, ""],
    [
      "V1",
      { sellerReturnAddress: "addr_test1nonsense" },
      400,
      "sellerReturnAddress: sellerReturnAddress is not a valid",
    ],
    [
      "V2",
      { sellerReturnAddress: V1_CONTRACT },
      400,
      "sellerReturnAddress must be a Cardano base or enterprise",
    ],
    ["V1", { agentIdentifier: undefined }, 400, "agentIdentifier: Invalid input"],
  ])("for %s with %j answers %i %s", async (name, more, status, message) => {
    const reply = await dealWith(name).makePayment(more);
    expect([reply.status, reply.body.error?.message ?? ""]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
  });

  it("takes a dynamic price in several units, lovelace by either name", async () => {
    const deal = dealWith("V2 dynamic");
    const RequestedFunds = [
      { unit: "lovelace", amount: "02000000" },
      { unit: TUSDM, amount: "3" },
    ];
    const reply = await deal.makePayment({ RequestedFunds, metadata: "for you" });
    expect(reply.body.data).toMatchObject({
      pricingType: "Dynamic",
      RequestedFunds: [
        { unit: "", amount: "2000000" },
        { unit: TUSDM, amount: "3" },
      ],
      metadata: "for you",
    });
    const Amounts = [
      { unit: "", amount: "02000000" },
      { unit: TUSDM, amount: "3" },
    ];
    expect((await deal.buy({ Amounts })).status).toBe(200);
  });

  it("is forbidden for a key that may only read", async () => {
    const reply = await client.ask("POST", "/payment", dealWith("V1").paymentBody(), "read");
    expect([reply.status, reply.body.error?.message]).toEqual([401, "Unauthorized, payment access required"]);
  });
});

describe("a blockchain identifier", () => {
  it.each([
    ["V1", 4],
    ["V2", 5],
  ])("of %s names the agent and the purchaser in %i parts", async (name, parts) => {
    const deal = dealWith(name);
    const { body } = await deal.makePayment();
    const text = body.data.blockchainIdentifier;
    expect(lzString.decompressFromUint8Array(Buffer.from(text, "hex")).split(".")).toHaveLength(parts);
    expect(readIdentifier(text)).toMatchObject({
      agentIdentifier: agents[name]?.agentIdentifier,
      purchaserIdentifier: deal.paymentBody()["identifierFromPurchaser"],
    });
  });

  it("is always the same for the same terms", () => {
    const [seller] = loadWorld().wallets;
    if (seller === undefined) throw new Error("the default world has no wallet");
    const identifier = makeIdentifier({ ...TERMS, sellerAddress: seller.address }, seller);
    expect(createHash("sha256").update(identifier).digest("hex")).toBe(
      "8d2b88e9433fa9dd5c89b1bf801665f463bacea0f4581661f4ea987b62e40ffa",
    );
    expect(readIdentifier(identifier)).toMatchObject({ purchaserIdentifier: TERMS.purchaserIdentifier });
  });

  it.each(["", "00", "c8f787", "c8f78743b0f1c96b3cf5", "2845487b0d507a08d02f", "cac4bd45e1cf4621b039"])(
    "is not read from other bytes: %s",
    (text) => expect(readIdentifier(text)).toBeUndefined(),
  );
});

describe("POST /purchase", () => {
  const tampered = "Invalid blockchain identifier, signature invalid";
  it.each([
    ["V1", { inputHash: HEX_64 }, 400, tampered],
    ["V1", { inputHash: "xyz" }, 400, "Input hash is not a valid hex string"],
    ["V1", { payByTime: String(NOW + 60_000) }, 400, tampered],
    ["V1", { submitResultTime: String(NOW + 59 * 60_000) }, 400, tampered],
    ["V1", { externalDisputeUnlockTime: String(NOW + 200 * 60_000) }, 400, tampered],
    ["V1", { payByTime: "soon" }, 500, "Internal Server Error"],
    ["V1", { payByTime: String(NOW - 400_000) }, 400, "Pay by time must be in the future (max. 5 minutes)"],
    ["V1", { identifierFromPurchaser: "ab".repeat(10) }, 400, "purchaser id mismatch"],
    ["V1", { sellerVkey: "ab".repeat(28) }, 400, "Invalid seller vkey"],
    ["V1", { Amounts: [{ unit: "", amount: "7000000" }] }, 200, ""],
    [
      "V1",
      { Amounts: [{ unit: "", amount: "7000001" }] },
      400,
      "do not match the fixed pricing of the agent",
    ],
    [
      "V1",
      { Amounts: [{ unit: TUSDM, amount: "7000000" }] },
      400,
      "do not match the fixed pricing of the agent",
    ],
    ["V1", { paymentSourceType: "Web3CardanoV2" }, 400, "does not match the blockchain identifier"],
    ["V1", { supportedPaymentSourceIndex: 0 }, 400, "V1 Cardano purchases must not set"],
    ["V2", { supportedPaymentSourceIndex: 1 }, 400, "supportedPaymentSourceIndex 1 is not advertised"],
    ["V2", { supportedPaymentSourceIndex: undefined }, 400, tampered],
    ["V2", { smartContractAddress: V1_CONTRACT }, 400, "smartContractAddress mismatch"],
    ["V2", { sellerReturnAddress: V1_CONTRACT }, 400, tampered],
    [
      "V2",
      { buyerReturnAddress: V1_CONTRACT },
      400,
      "buyerReturnAddress must be a Cardano base or enterprise",
    ],
    ["V1", { blockchainIdentifier: "abc" }, 500, "Internal Server Error"],
    ["V1", { blockchainIdentifier: "abcd" }, 400, "Invalid blockchain identifier, format invalid"],
    ["V1", { blockchainIdentifier: "" }, 400, "Invalid blockchain identifier, format invalid"],
  ])("for %s with %j answers %i %s", async (name, more, status, message) => {
    const deal = dealWith(name);
    await deal.makePayment();
    const reply = await deal.buy(more);
    expect([reply.status, reply.body.error?.message ?? ""]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
  });

  it("of another agent's identifier is refused, although the seller is the same", async () => {
    const deal = dealWith("V1");
    await deal.makePayment();
    const agentIdentifier = agents["V1 dynamic"]?.agentIdentifier;
    const reply = await deal.buy({ agentIdentifier, Amounts: [{ unit: "", amount: "1" }] });
    expect(reply.body.error?.message).toBe("Invalid blockchain identifier, agent identifier mismatch");
  });

  it("of a dynamic price must be of the signed amounts", async () => {
    const deal = dealWith("V1 dynamic");
    await deal.makePayment({ RequestedFunds: [{ unit: "", amount: "9000000" }] });
    const buy = async (amount?: string) => {
      const reply = await deal.buy(amount === undefined ? {} : { Amounts: [{ unit: "lovelace", amount }] });
      return reply.body.error?.message ?? "ok";
    };
    expect(await buy()).toBe("For dynamic pricing, Amounts must be provided");
    expect(await buy("-1")).toBe("Amounts must be positive");
    expect(await buy("1")).toBe(tampered);
    expect(await buy("9000000")).toBe("ok");
  });

  it("is made once for each identifier", async () => {
    const deal = dealWith("V1");
    await deal.makePayment();
    const first = await deal.buy();
    const second = await deal.buy({}, "pay");
    expect([second.status, second.body]).toMatchObject([
      409,
      { error: { message: "Purchase exists" }, id: first.body.data.id, object: { id: first.body.data.id } },
    ]);
  });

  it("spends a key's credits, and no more than it has", async () => {
    const world = {
      keys: [
        { token: "sandbox-admin-key", permission: "Admin" },
        { token: "sandbox-pay-key", permission: "ReadAndPay" },
        {
          token: "sandbox-buyer-key",
          permission: "ReadAndPay",
          usageCredits: [{ unit: "", amount: "10000000" }],
        },
        { token: "sandbox-read-key", permission: "Read" },
      ],
      paymentSources: sandboxSources(),
    };
    await using own = await started(world);
    const limited = new SandboxClient(own.sandbox);
    const agent = await listAgent(limited, "Web3CardanoV1", { unit: "", amount: "7000000" });
    const replies = [];
    for (let count = 0; count < 2; count++) {
      const deal = new Deal(limited, agent, NOW);
      await deal.makePayment();
      replies.push(await deal.buy());
    }
    expect(replies.map(({ status, body }) => [status, body.error?.message])).toEqual([
      [200, undefined],
      [400, "Insufficient funds"],
    ]);
    const status = await limited.ask("GET", "/api-key-status", undefined, "buyer");
    expect(status.body.data).toMatchObject({ RemainingUsageCredits: [{ unit: "", amount: "3000000" }] });
  });
});

describe("what only one side may do", () => {
  let deal: Deal;
  beforeAll(async () => {
    deal = dealWith("V1");
    await deal.lock();
  });

  it.each([
    ["payment/submit-result", "buyer", 403, "You are not authorized to submit results for this payment"],
    ["payment/submit-result", "read", 401, "Unauthorized, payment access required"],
    ["payment/authorize-refund", "pay", 404, "Payment not found or in invalid state"],
    ["purchase/request-refund", "pay", 403, "You are not authorized to request a refund for this purchase"],
    ["purchase/cancel-refund-request", "buyer", 404, "Purchase not found or in invalid state"],
  ] as const)("%s by the %s key: %i %s", async (path, role, status, message) => {
    const reply = await deal.act(path, role, { submitResultHash: HEX_64 });
    expect([reply.status, reply.body.error?.message]).toEqual([status, message]);
  });

  it.each([
    ["xyz", "submitResultHash: Too small"],
    ["zz".repeat(32), "submitResultHash must be a 64-char hex sha256 digest"],
  ])("a result %s is refused: %s", async (submitResultHash, message) => {
    const reply = await deal.act("payment/submit-result", "pay", { submitResultHash });
    expect([reply.status, reply.body.error?.message]).toEqual([400, expect.stringContaining(message)]);
  });

  it("a result once, and an admin for the seller", async () => {
    expect((await deal.submitResult("admin")).status).toBe(200);
    const again = await deal.submitResult();
    expect([again.status, again.body.error?.message]).toEqual([404, "Payment not found or in invalid state"]);
  });

  it.each(["payment", "purchase"])("an unknown %s is not found", async (kind) => {
    const body = { network: "Preprod", blockchainIdentifier: "abcd" };
    const reply = await client.ask("POST", `/${kind}/resolve-blockchain-identifier`, body, "read");
    expect(reply.status).toBe(404);
  });
});

function sandboxSources(): unknown[] {
  return [
    {
      network: "Preprod",
      paymentSourceType: "Web3CardanoV1",
      policyId: "7e8bdaf2b2b919a3a4b94002cafb50086c0c845fe535d07a77ab7f77",
      smartContractAddress: V1_CONTRACT,
      wallets: [
        {
          type: "Selling",
          vkey: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db",
          address:
            "addr_test1qq93utfmc6ndumdawn7v8tdy4kgngwtqaglxswrarq4srkmy8c9vmp8mj9dk6hl5skzrmwmpslva9f8ppr372xy7gdjqj8fv88",
          lovelace: 10_000_000_000,
        },
        {
          type: "Purchasing",
          vkey: "ab7d3be316924874463283460786f88909b28eb123b405803bc22aeb",
          address:
            "addr_test1qz4h6wlrz6fysazxx2p5vpuxlzysnv5wky3mgpvq80pz46azm0uumf2ffefmngn0kx9d5ja49cwqmdv8qzdphyqmmu5shx9ned",
        },
      ],
    },
  ];
}

async function started(world: object) {
  const own = await startSandbox({ chainSpeed: 0, now: () => NOW, world });
  return { sandbox: own, [Symbol.asyncDispose]: () => own.close() };
}
