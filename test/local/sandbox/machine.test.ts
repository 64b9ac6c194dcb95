import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, type SandboxOptions, startSandbox } from "../../../local/sandbox/index.ts";
import { loadWorld } from "../../../local/sandbox/world.ts";
import { EMPTY_V2_WALLET, registration, SandboxClient, V1_WALLET, V2_WALLET } from "./client.ts";

const ADA = 1_000_000;
/** The chain starts four seconds into a tick, so the first tick is eleven seconds away. */
const STEPPED: SandboxOptions = { chainSpeed: 0, now: () => Date.parse("2026-11-22T12:00:04.000Z") };
const PURCHASING_V1 = "ab7d3be316924874463283460786f88909b28eb123b405803bc22aeb";

describe("the chain", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  async function start(options = STEPPED): Promise<void> {
    sandbox = await startSandbox(options);
    client = new SandboxClient(sandbox);
  }
  const states = async () => (await client.rows()).map((row) => row.state);

  beforeEach(() => start());
  afterEach(() => sandbox.close());

  it("stands still until a test advances it", async () => {
    await client.register(registration("a"));
    expect(await states()).toEqual(["RegistrationRequested"]);
    await client.advance(15);
    expect(await states()).toEqual(["RegistrationInitiated"]);
    await client.advance(65);
    expect(await states()).toEqual(["RegistrationConfirmed"]);
  });

  it("gives the same course however the time is cut into steps", async () => {
    const course = async (steps: readonly number[]) => {
      await sandbox.close();
      await start();
      for (const name of ["a", "b", "c"]) await client.register(registration(name, V1_WALLET));
      for (const seconds of steps) await client.advance(seconds);
      return states();
    };
    const expected = ["RegistrationConfirmed", "RegistrationConfirmed", "RegistrationInitiated"];
    expect(await course([170])).toEqual(expected);
    expect(await course(Array.from({ length: 170 }, () => 1))).toEqual(expected);
    expect(await course([7, 100, 63])).toEqual(expected);
  });

  it("shows a V1 row as Initiated without hash and identifier for a moment", async () => {
    const { id } = await client.register(registration("a", V1_WALLET));
    await client.advance(11.2);
    expect(await client.row(id)).toMatchObject({
      state: "RegistrationInitiated",
      agentIdentifier: null,
      CurrentTransaction: { txHash: null, status: "Pending" },
    });
    await client.advance(0.3);
    expect((await client.row(id)).agentIdentifier).toHaveLength(120);
  });

  it("that is instant ends everything at the next look, a queue of one wallet included", async () => {
    await sandbox.close();
    await start({ chainSpeed: "instant" });
    const answers = [];
    for (const name of ["a", "b", "c"]) answers.push(await client.register(registration(name, V1_WALLET)));
    for (let count = 0; count < 7; count++) answers.push(await client.register(registration(`v2 ${count}`)));
    expect(new Set(answers.map((row) => row.state))).toEqual(new Set(["RegistrationRequested"]));
    expect(new Set(await states())).toEqual(new Set(["RegistrationConfirmed"]));
  });

  it("that runs faster needs no advancing", async () => {
    await sandbox.close();
    await start({ chainSpeed: 2_000 });
    await client.register(registration("a"));
    await expect.poll(states, { timeout: 20_000 }).toEqual(["RegistrationConfirmed"]);
  });

  it("puts at most five V2 agents into one transaction", async () => {
    for (let count = 0; count < 7; count++) await client.register(registration(`agent ${count}`));
    await client.advance(15);
    const hashes = (await client.rows()).map((row) => row.CurrentTransaction?.txHash);
    expect(new Set(hashes.slice(0, 5)).size).toBe(1);
    expect(hashes.slice(5)).toEqual([undefined, undefined]);
    await client.advance(75);
    expect((await states()).slice(5)).toEqual(["RegistrationInitiated", "RegistrationInitiated"]);
  });

  it("takes a fee per transaction and locks 5 ADA per mint until the burn", async () => {
    const before = await client.wallet(V2_WALLET);
    const { id } = await client.register(registration("a"));
    await client.register(registration("b", V2_WALLET, { sendFundingLovelace: "7000000" }));
    await client.advance(80);
    expect(await client.wallet(V2_WALLET)).toMatchObject({
      balanceLovelace: before.balanceLovelace - 422_653,
      lockedLovelace: 12 * ADA,
      spentFeesLovelace: 422_653,
    });
    await client.deregister((await client.row(id)).agentIdentifier);
    await client.advance(90);
    expect((await client.row(id)).state).toBe("DeregistrationConfirmed");
    expect(await client.wallet(V2_WALLET)).toMatchObject({
      lockedLovelace: 7 * ADA,
      spentFeesLovelace: 776_270,
    });
  });

  it("sends what lies beside the token to another recipient", async () => {
    const seller = await client.wallet(V1_WALLET);
    const recipient = await client.wallet(PURCHASING_V1);
    await client.register(registration("a", V1_WALLET, { recipientWalletAddress: recipient.address }));
    await client.advance(90);
    expect((await client.wallet(V1_WALLET)).balanceLovelace).toBe(seller.balanceLovelace - 398_057 - 5 * ADA);
    expect(await client.wallet(PURCHASING_V1)).toMatchObject({
      balanceLovelace: recipient.balanceLovelace + 5 * ADA,
      lockedLovelace: 5 * ADA,
    });
  });

  it("treats a wallet that cannot pay like an empty one, until somebody funds it", async () => {
    await client.control("PATCH", `/wallets/${EMPTY_V2_WALLET}`, { balanceLovelace: 5 * ADA });
    const { id } = await client.register(registration("poor", EMPTY_V2_WALLET));
    await client.advance(3_600);
    expect(await client.row(id)).toMatchObject({ state: "RegistrationRequested", error: null });
    await client.control("PATCH", `/wallets/${EMPTY_V2_WALLET}`, { balanceLovelace: 6 * ADA });
    await client.advance(80);
    expect((await client.row(id)).state).toBe("RegistrationConfirmed");
  });

  it("does not pay for a mint with what is locked beside tokens", async () => {
    const fund = (lovelace: number) =>
      client.control("PATCH", `/wallets/${EMPTY_V2_WALLET}`, { balanceLovelace: lovelace });
    await fund(6 * ADA);
    await client.register(registration("first", EMPTY_V2_WALLET));
    await client.advance(80);
    await fund(10 * ADA);
    const { id } = await client.register(registration("second", EMPTY_V2_WALLET));
    await client.advance(3_600);
    expect((await client.row(id)).state).toBe("RegistrationRequested");
    await fund(11 * ADA);
    await client.advance(80);
    expect((await client.row(id)).state).toBe("RegistrationConfirmed");
  });

  it("pays for a burn with what the burn frees", async () => {
    const fund = (lovelace: number) =>
      client.control("PATCH", `/wallets/${EMPTY_V2_WALLET}`, { balanceLovelace: lovelace });
    await fund(6 * ADA);
    const { id } = await client.register(registration("a", EMPTY_V2_WALLET));
    await client.advance(80);
    await fund(5 * ADA);
    await client.deregister((await client.row(id)).agentIdentifier);
    await client.advance(90);
    expect((await client.row(id)).state).toBe("DeregistrationConfirmed");
  });

  it("never mints and burns in one transaction", async () => {
    const { id } = await client.register(registration("a"));
    await client.advance(80);
    await client.deregister((await client.row(id)).agentIdentifier);
    await client.register(registration("b"));
    await client.advance(15);
    expect(await states()).toEqual(["DeregistrationInitiated", "RegistrationRequested"]);
  });

  it("burns the old token at an update and keeps the lovelace beside the new one", async () => {
    const { id } = await client.register(registration("a"));
    await client.advance(80);
    const first = (await client.row(id)).agentIdentifier ?? "";
    const asked = await client.update(first, registration("a, renamed"));
    expect(asked).toMatchObject({ id, name: "a, renamed", state: "UpdateRequested", agentIdentifier: first });
    await client.advance(90);
    const row = await client.row(id);
    expect(row).toMatchObject({ state: "UpdateConfirmed", agentIdentifier: `${first.slice(0, -6)}000001` });
    expect(await client.wallet(V2_WALLET)).toMatchObject({ lockedLovelace: 5 * ADA });
    const chain = (identifier: string | null) =>
      client.ask<{ Metadata: { name: string } }>(
        "GET",
        `/registry/agent-identifier?network=Preprod&agentIdentifier=${identifier}`,
      );
    expect((await chain(first)).status).toBe(404);
    expect((await chain(row.agentIdentifier)).body.data.Metadata.name).toBe("a, renamed");
  });

  it("writes on the chain what the service's own V2 mint was seen to write", async () => {
    const recording = (name: string) =>
      JSON.parse(
        readFileSync(new URL(`../../fixtures/recordings/${name}.json`, import.meta.url), "utf8"),
      ) as {
        request: { body: Record<string, unknown> };
        response: { body: { data: { Metadata: unknown } } };
      };
    const { body } = recording("register_v2_fixed_ok").request;
    const { id } = await client.register({ ...body, name: "e2 v2" });
    await client.advance(80);
    const { agentIdentifier } = await client.row(id);
    const path = `/registry/agent-identifier?network=Preprod&agentIdentifier=${agentIdentifier}`;
    const { Metadata } = recording("agent_identifier_get_v2_real_metadata").response.body.data;
    expect((await client.ask<{ Metadata: unknown }>("GET", path)).body.data.Metadata).toEqual(Metadata);
  });

  it("a dropped V2 update fails after the wallet's lock and gets its old identifier back", async () => {
    const { id } = await client.register(registration("a"));
    await client.advance(80);
    const { agentIdentifier } = await client.row(id);
    await client.control("POST", "/faults", { faults: [{ kind: "drop-transaction", operation: "Update" }] });
    await client.update(agentIdentifier, registration("a, renamed"));
    await client.advance(30);
    expect((await client.row(id)).agentIdentifier).not.toBe(agentIdentifier);
    await client.advance(300);
    expect(await client.row(id)).toMatchObject({
      state: "UpdateFailed",
      name: "a, renamed",
      agentIdentifier,
      error: expect.stringContaining("never landed on chain (dropped)") as string,
      CurrentTransaction: { status: "FailedViaTimeout" },
    });
    const again = await client.update(agentIdentifier, registration("a, renamed"));
    expect(again).toMatchObject({ state: "UpdateRequested", error: null });
  });

  it("a dropped V1 registration stays Initiated for ever, the wallet goes on after its lock", async () => {
    await client.control("POST", "/faults", { faults: [{ kind: "drop-transaction", name: "lost" }] });
    await client.register(registration("lost", V1_WALLET));
    await client.register(registration("next", V1_WALLET));
    await client.advance(300);
    expect(await states()).toEqual(["RegistrationInitiated", "RegistrationRequested"]);
    await client.advance(3_600);
    expect(await states()).toEqual(["RegistrationInitiated", "RegistrationConfirmed"]);
  });

  it("a failed burn keeps its error while it is asked for again", async () => {
    const { id } = await client.register(registration("a", V1_WALLET));
    await client.advance(90);
    const { agentIdentifier } = await client.row(id);
    await client.deregister(agentIdentifier);
    await client.control("POST", `/rows/${id}/fail`, { error: "boom" });
    expect(await client.row(id)).toMatchObject({
      state: "DeregistrationFailed",
      error: "boom",
      agentIdentifier,
    });
    expect(await client.deregister(agentIdentifier)).toMatchObject({
      state: "DeregistrationRequested",
      error: "boom",
    });
    await client.advance(90);
    expect((await client.row(id)).state).toBe("DeregistrationConfirmed");
    expect(
      (await client.ask("POST", "/registry/deregister", { network: "Preprod", agentIdentifier })).status,
    ).toBe(404);
  });

  it("a row made to fail while it is under way frees its wallet", async () => {
    const { id } = await client.register(registration("a", V1_WALLET));
    await client.register(registration("b", V1_WALLET));
    await client.advance(16);
    await client.control("POST", `/rows/${id}/fail`, { error: "boom" });
    expect(await client.row(id)).toMatchObject({
      state: "RegistrationFailed",
      error: "boom",
      agentIdentifier: null,
    });
    await client.advance(90);
    expect(await states()).toEqual(["RegistrationFailed", "RegistrationConfirmed"]);
  });

  it("does not fall behind what was written when it was killed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    const db = join(folder, "sandbox.sqlite");
    const killed = await startSandbox({ ...STEPPED, db });
    try {
      killed.clock.advance(3_600_000);
      await new SandboxClient(killed).register(registration("late"));
      await sandbox.close();
      await start({ ...STEPPED, db });
      expect(sandbox.clock.now()).toBe(killed.clock.now());
      await client.advance(80);
      expect(await states()).toEqual(["RegistrationConfirmed"]);
    } finally {
      await killed.close();
      rmSync(folder, { recursive: true });
    }
  });

  it("does not start on a database whose wallets the world lacks", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    const db = join(folder, "sandbox.sqlite");
    try {
      await sandbox.close();
      await start({ ...STEPPED, db });
      await client.register(registration("a", V1_WALLET));
      await sandbox.close();
      const { keys, paymentSources } = loadWorld();
      const world = {
        keys: keys.map(({ id, token, permission }) => ({ id, token, permission })),
        paymentSources: paymentSources.map((source) => ({ ...source, wallets: [] })),
      };
      await expect(startSandbox({ ...STEPPED, db, world })).rejects.toThrow(
        `agents of the wallet ${V1_WALLET}`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("goes on after a restart where it was, with rows, money and time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    const db = join(folder, "sandbox.sqlite");
    try {
      await sandbox.close();
      await start({ ...STEPPED, db });
      const first = await client.register(registration("a", V1_WALLET));
      await client.register(registration("b", V1_WALLET));
      await client.advance(80);
      const money = await client.wallet(V1_WALLET);
      await sandbox.close();
      await start({ ...STEPPED, db });
      expect(await states()).toEqual(["RegistrationConfirmed", "RegistrationRequested"]);
      expect((await client.row(first.id)).createdAt).toBe(first.createdAt);
      expect(await client.wallet(V1_WALLET)).toEqual(money);
      await client.advance(90);
      expect(await states()).toEqual(["RegistrationConfirmed", "RegistrationConfirmed"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
