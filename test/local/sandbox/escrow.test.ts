import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { loadWorld } from "../../../local/sandbox/world.ts";
import { SandboxClient } from "./client.ts";
import { type Agent, BUYER_WALLET, Deal, listAgent, SELLER_WALLET, TUSDM } from "./deal.ts";

const ADA = 1_000_000;
const MINUTE = 60;
/** The chain starts four seconds into a tick. */
const NOW = Date.parse("2026-11-22T12:00:04.000Z");

describe.each(["Web3CardanoV1", "Web3CardanoV2"] as const)("an escrow on %s", (type) => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;
  let agent: Agent;
  let deal: Deal;

  beforeEach(async () => {
    sandbox = await startSandbox({ chainSpeed: 0, now: () => NOW });
    client = new SandboxClient(sandbox);
    agent = await listAgent(client, type, { unit: TUSDM, amount: "5000000" });
    deal = new Deal(client, agent, NOW);
  });
  afterEach(() => sandbox.close());

  const balance = async (vkey: string) => {
    const { balanceLovelace, tokens, spentFeesLovelace } = await client.wallet(vkey);
    return { ada: balanceLovelace + spentFeesLovelace, tusdm: tokens[0]?.quantity ?? 0 };
  };
  const balances = async () => ({
    buyer: await balance(BUYER_WALLET[type]),
    seller: await balance(SELLER_WALLET[type]),
  });

  it("takes the buyer's money, waits for the result, and pays the seller after the unlock time", async () => {
    const before = await balances();
    await deal.pay();
    expect(await deal.states()).toEqual(["-/WaitingForExternalAction", "-/FundsLockingRequested"]);
    await client.advance(30);
    expect(await deal.states()).toEqual(["-/WaitingForExternalAction", "-/FundsLockingInitiated"]);
    await client.advance(60);
    expect(await deal.states()).toEqual([
      "FundsLocked/WaitingForExternalAction",
      "FundsLocked/WaitingForExternalAction",
    ]);
    const collateral = Number((await deal.purchase()).collateralReturnLovelace);
    expect(collateral).toBeGreaterThan(ADA);
    expect((await balances()).buyer).toEqual({
      ada: before.buyer.ada - collateral,
      tusdm: before.buyer.tusdm - 5_000_000,
    });

    const submitted = await deal.submitResult();
    expect(submitted.body.data.NextAction).toMatchObject({
      requestedAction: "SubmitResultRequested",
      resultHash: deal.resultHash,
    });
    await client.advance(15);
    expect(await deal.states()).toEqual([
      "FundsLocked/SubmitResultInitiated",
      "FundsLocked/WaitingForExternalAction",
    ]);
    await client.advance(45);
    expect(await deal.states()).toEqual([
      "ResultSubmitted/WaitingForExternalAction",
      "ResultSubmitted/WaitingForExternalAction",
    ]);
    expect([(await deal.payment()).resultHash, (await deal.purchase()).resultHash]).toEqual([
      deal.resultHash,
      deal.resultHash,
    ]);

    await client.advance((await deal.secondsUntil("unlockTime")) - 10);
    expect((await deal.payment()).onChainState).toBe("ResultSubmitted");
    // Ten minutes for the clocks of blocks, then decision, transaction and confirmation.
    await client.advance(12 * MINUTE);
    expect(await deal.states()).toEqual(["Withdrawn/None", "Withdrawn/None"]);
    const share = type === "Web3CardanoV1" ? 250_000 : 0;
    expect(await balances()).toMatchObject({
      buyer: { ada: before.buyer.ada, tusdm: before.buyer.tusdm - 5_000_000 },
      seller: { tusdm: before.seller.tusdm + 5_000_000 - share },
    });
  });
});

it("the default world has a buyer", () => {
  const world = loadWorld();
  expect(world.keys.map(({ token }) => token)).toContain("sandbox-buyer-key");
  const buyers = world.wallets.filter(({ type }) => type === "Purchasing");
  expect(buyers.map(({ tokens }) => tokens.map(({ unit }) => unit))).toEqual([[TUSDM], [TUSDM]]);
});
