import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import defaultWorld from "../../../local/sandbox/world.default.json" with { type: "json" };
import { SandboxClient } from "./client.ts";
import { BUYER_WALLET, Deal, listAgent, SELLER_WALLET, type SourceType } from "./deal.ts";

// Who may pay, with what, and when: what a side must not be able to do with an escrow.

const ADA = 1_000_000;
const MINUTES = 60;
const NOW = Date.parse("2026-11-22T12:00:04.000Z");
/** A request, its transaction and its confirmation. */
const ROUND = 75;

let sandbox: RunningSandbox;
let client: SandboxClient;
let agentIdentifier: string;
afterEach(() => sandbox.close());

async function begin(type: SourceType, world: object = defaultWorld): Promise<Deal> {
  sandbox = await startSandbox({ chainSpeed: 0, now: () => NOW, world });
  client = new SandboxClient(sandbox);
  const agent = await listAgent(client, type, { unit: "", amount: "7000000" });
  ({ agentIdentifier } = agent);
  return new Deal(client, agent, NOW);
}

const fund = (vkey: string, lovelace: number) =>
  client.control("PATCH", `/wallets/${vkey}`, { balanceLovelace: lovelace });

const putToken = (unit: string, holder: string, more: object) =>
  client.control("PUT", `/assets/${unit}`, { holder, ...more });

describe("lovelace that lie beside a token", () => {
  it("pay no fee of the seller's", async () => {
    const deal = await begin("Web3CardanoV2");
    await deal.lock();
    await fund(SELLER_WALLET.Web3CardanoV2, 5 * ADA + 100_000);
    await deal.submitResult();
    await client.advance(ROUND);
    expect((await deal.payment()).NextAction).toMatchObject({
      requestedAction: "WaitingForManualAction",
      errorNote: "Submitting result failed: No UTXOs found in the wallet. Wallet is empty.",
    });
  });

  it("pay no purchase", async () => {
    const deal = await begin("Web3CardanoV2");
    const { address, balanceLovelace } = await client.wallet(BUYER_WALLET.Web3CardanoV2);
    await putToken("ab".repeat(60), address, { lovelace: balanceLovelace - 8 * ADA });
    await deal.lock();
    expect((await deal.purchase()).NextAction).toMatchObject({
      requestedAction: "WaitingForManualAction",
      errorType: "InsufficientFunds",
    });
  });
});

describe("a wallet", () => {
  it("pays nothing for a key that is not allowed to use it", async () => {
    const keys = defaultWorld.keys.map((key) =>
      key.token === "sandbox-buyer-key" ? { ...key, wallets: [BUYER_WALLET.Web3CardanoV2] } : key,
    );
    const deal = await begin("Web3CardanoV1", { ...defaultWorld, keys });
    await deal.lock();
    expect((await deal.purchase()).NextAction).toMatchObject({ errorType: "InsufficientFunds" });
  });

  it.each([
    ["Web3CardanoV1", 1_435_230],
    ["Web3CardanoV2", 0],
  ] as const)("that sells on %s keeps the price less %i, and none of the collateral", async (type, share) => {
    const deal = await begin(type);
    const { address, balanceLovelace } = await client.wallet(SELLER_WALLET[type]);
    await putToken(agentIdentifier, address, {
      lovelace: 5 * ADA,
      metadata: await metadataWithPrice(type, 1),
    });
    await deal.lock();
    const collateral = Number((await deal.purchase()).collateralReturnLovelace);
    expect(collateral).toBeGreaterThan(3 * ADA);
    await deal.submitResult();
    await client.advance((await deal.secondsUntil("unlockTime")) + 13 * MINUTES);
    expect(await deal.states()).toEqual(["Withdrawn/None", "Withdrawn/None"]);
    const after = await client.wallet(SELLER_WALLET[type]);
    const fees = 2 * 400_000;
    expect(after.balanceLovelace).toBe(balanceLovelace + ADA - share - fees);
  });
});

/** What the chain says of the agent, with another price in ADA. */
async function metadataWithPrice(type: SourceType, ada: number): Promise<object> {
  const path = `/registry/agent-identifier?network=Preprod&agentIdentifier=${agentIdentifier}`;
  const { Metadata } = (await client.ask<{ Metadata: Metadata }>("GET", path)).body.data;
  const amount = String(ada * ADA);
  if (type === "Web3CardanoV1") {
    return { ...Metadata, AgentPricing: { pricingType: "Fixed", Pricing: [{ unit: "", amount }] } };
  }
  const pricing = { pricingType: "Fixed", fixed: [{ asset: "", amount }] };
  const [source] = Metadata.supportedPaymentSources;
  return { ...Metadata, supportedPaymentSources: [{ ...source, pricing }] };
}

interface Metadata {
  readonly supportedPaymentSources: readonly object[];
}

describe("a payment", () => {
  it("is not paid by less than its price, collateral or not", async () => {
    const deal = await begin("Web3CardanoV2");
    const { address } = await client.wallet(SELLER_WALLET.Web3CardanoV2);
    const setPrice = async (ada: number) =>
      putToken(agentIdentifier, address, {
        lovelace: 5 * ADA,
        metadata: await metadataWithPrice("Web3CardanoV2", ada),
      });
    await setPrice(3);
    await deal.makePayment();
    // What must be locked at least is more than three ADA.
    await setPrice(1);
    expect((await deal.buy()).status).toBe(200);
    await client.advance(90);
    expect(await deal.payment()).toMatchObject({
      onChainState: "FundsOrDatumInvalid",
      NextAction: {
        requestedAction: "WaitingForManualAction",
        errorNote: "Payment amounts do not match. This likely is a spoofing attempt.",
      },
    });
  });

  it("is moved by one transaction at a time", async () => {
    const deal = await begin("Web3CardanoV2");
    await deal.lock();
    await deal.submitResult();
    await deal.act("purchase/request-refund", "buyer");
    const seen = new Set<string>();
    for (let second = 0; second < 2 * ROUND; second += 5) {
      seen.add((await deal.states()).join(" "));
      await client.advance(5);
    }
    const underWay = [...seen].map((states) => states.match(/Initiated/gu)?.length ?? 0);
    expect(underWay.filter((count) => count > 0).length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...underWay)).toBe(1);
  });

  it("is not found by a key that is limited to other wallets", async () => {
    const keys = defaultWorld.keys.map((key) =>
      key.token === "sandbox-runtime-key" ? { ...key, wallets: [SELLER_WALLET.Web3CardanoV1] } : key,
    );
    const deal = await begin("Web3CardanoV2", { ...defaultWorld, keys });
    await deal.lock();
    const { status, body } = await deal.submitResult("runtime");
    expect([status, body.error?.message]).toEqual([404, "Not found"]);
  });

  it("is left alone for a while by who has just acted on it", async () => {
    const deal = await begin("Web3CardanoV1");
    await deal.lock();
    await deal.act("purchase/request-refund", "buyer");
    await client.advance(ROUND);
    await deal.act("purchase/cancel-refund-request", "buyer");
    await client.advance(20 * MINUTES);
    expect(await deal.states()).toEqual([
      "RefundRequested/WaitingForExternalAction",
      "RefundRequested/UnSetRefundRequestedRequested",
    ]);
    await client.advance(7 * MINUTES);
    expect((await deal.purchase()).onChainState).toBe("FundsLocked");
  });
});
