import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { FOREIGN_ADDRESS } from "../../helpers/sandbox-control.ts";
import { type Entry, registration, SandboxClient, V1_WALLET, V2_WALLET } from "./client.ts";

describe("the control routes", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  beforeEach(async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    client = new SandboxClient(sandbox);
  });
  afterEach(() => sandbox.close());

  it("tell what runs and move the clock", async () => {
    const before = await client.control<{ now: string }>("GET", "/status");
    expect(before).toMatchObject({ version: 1, dialect: "0.28", chainSpeed: 0 });
    await client.advance(60);
    const after = await client.control<{ now: string }>("GET", "/status");
    expect(Date.parse(after.now) - Date.parse(before.now)).toBe(60_000);
  });

  it("count requests by route, whatever the spelling, and start anew", async () => {
    await client.register(registration("a"));
    await client.ask("GET", "/Registry/?network=Preprod");
    await client.ask("GET", "/registry?network=Preprod", undefined, "read");
    const counts = () => client.control<{ byRoute: object }>("GET", "/requests");
    expect(await counts()).toEqual({ byRoute: { "GET /registry": 2, "POST /registry": 1 } });
    await client.control("DELETE", "/requests");
    expect(await counts()).toEqual({ byRoute: {} });
  });

  it("change a row behind everybody's back", async () => {
    const { id } = await client.register(registration("a"));
    await client.control("PATCH", `/rows/${id}`, {
      description: "drifted",
      Tags: ["other"],
      state: "RegistrationConfirmed",
      CurrentTransaction: { txHash: "ab".repeat(32), status: "Confirmed", fees: "1" },
    });
    const [entry] = (
      await client.ask<{ Assets: Entry[] }>(
        "GET",
        `/registry?network=Preprod&filterPaymentSourceType=Web3CardanoV2&searchQuery=drifted`,
      )
    ).body.data.Assets;
    expect(entry).toMatchObject({
      id,
      name: "a",
      description: "drifted",
      state: "RegistrationConfirmed",
      CurrentTransaction: { status: "Confirmed", fees: "1" },
    });
    await client.advance(600);
    expect((await client.row(id)).state).toBe("RegistrationConfirmed");
  });

  it("make rows of others, and tokens on the chain", async () => {
    const identifier = `7e8bdaf2b2b919a3a4b94002cafb50086c0c845fe535d07a77ab7f77${"ab".repeat(32)}`;
    const { address } = await client.wallet(V1_WALLET);
    const row = await client.control<Entry>("POST", "/rows", {
      wallet: V1_WALLET,
      name: "foreign",
      description: "",
      apiBaseUrl: "https://agent.example.com",
      Tags: [],
      state: "RegistrationConfirmed",
      agentIdentifier: identifier,
    });
    await client.control("PUT", `/assets/${identifier}`, { holder: address, lovelace: 5_000_000 });
    expect((await client.wallet(V1_WALLET)).lockedLovelace).toBe(5_000_000);
    const refused = await client.ask("POST", "/registry/deregister", {
      network: "Preprod",
      agentIdentifier: identifier,
    });
    expect([refused.status, refused.body.error?.message]).toEqual([
      403,
      "You are not authorized to deregister this agent",
    ]);
    const byAdmin = await client.ask<Entry>(
      "POST",
      "/registry/deregister",
      { network: "Preprod", agentIdentifier: identifier },
      "admin",
    );
    expect(byAdmin.body.data).toMatchObject({ id: row.id, state: "DeregistrationRequested" });
    await client.advance(90);
    expect((await client.row(row.id)).state).toBe("DeregistrationConfirmed");
  });

  describe("for the token of a confirmed agent", () => {
    let identifier: string;
    beforeEach(async () => {
      const { id } = await client.register(registration("a"));
      await client.advance(100);
      identifier = (await client.row(id)).agentIdentifier ?? "";
    });

    const onChain = (path: string) => client.ask<{ Assets: unknown[] }>("GET", path);
    const metadata = () =>
      onChain(`/registry/agent-identifier?network=Preprod&agentIdentifier=${identifier}`);
    const held = async () =>
      (await onChain(`/registry/wallet?network=Preprod&walletVkey=${V2_WALLET}`)).body.data.Assets;
    const deregister = async () => {
      const body = { network: "Preprod", agentIdentifier: identifier };
      const reply = await client.ask("POST", "/registry/deregister", body);
      return [reply.status, reply.body.error?.message];
    };

    it("move it to somebody else's wallet, with what lies beside it", async () => {
      const before = await client.wallet(V2_WALLET);
      expect(await held()).toMatchObject([{ agentIdentifier: identifier, Metadata: { name: "a" } }]);
      await client.control("PATCH", `/assets/${identifier}`, { holder: FOREIGN_ADDRESS });

      expect(await held()).toEqual([]);
      expect((await metadata()).body.data).toMatchObject({ Metadata: { name: "a" } });
      expect(await client.wallet(V2_WALLET)).toMatchObject({
        lockedLovelace: 0,
        balanceLovelace: before.balanceLovelace - before.lockedLovelace,
      });
      const message = "Registered asset is not currently held by a managed wallet";
      expect(await deregister()).toEqual([409, message]);

      await client.control("PATCH", `/assets/${identifier}`, { holder: before.address });
      expect(await client.wallet(V2_WALLET)).toEqual(before);
      expect((await deregister())[0]).toBe(200);
    });

    it("burn it behind the service's back", async () => {
      const before = await client.wallet(V2_WALLET);
      await client.control("PATCH", `/assets/${identifier}`, { holder: null });
      expect(await client.wallet(V2_WALLET)).toEqual({ ...before, lockedLovelace: 0 });
      expect((await metadata()).status).toBe(404);
      expect(await deregister()).toEqual([404, "Asset not found"]);
      expect((await client.rows()).map(({ state }) => state)).toEqual(["RegistrationConfirmed"]);
      await expect(client.control("PATCH", `/assets/${identifier}`, { holder: null })).rejects.toThrow(
        "is on the chain",
      );
    });
  });

  it.each([
    ["GET", "/nothing", undefined, 404, "The sandbox has no GET /sandbox/nothing. Its control routes: "],
    ["PATCH", "/rows/nope", {}, 404, "No row has the id nope"],
    ["PATCH", `/wallets/${V2_WALLET}`, { balanceLovelace: -1 }, 400, "balanceLovelace: Too small"],
    ["POST", "/clock", { advanceSeconds: "much" }, 400, "advanceSeconds: Invalid input"],
    ["POST", "/faults", { faults: [{ kind: "slow" }] }, 400, "route: "],
    ["PUT", "/assets/xyz", { holder: null }, 400, "The unit must be"],
    ["PATCH", "/assets/xyz", { holder: null }, 404, "No token xyz is on the chain"],
    ["PATCH", "/assets/xyz", { holder: "addr_test1nope" }, 400, "holder: expected a Cardano address"],
  ])("%s %s with %j: %i, saying why", async (method, path, body, status, message) => {
    const response = await fetch(`${sandbox.url}/sandbox${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(message);
  });

  it("end the sandbox after they have answered", async () => {
    expect(await client.control("POST", "/shutdown")).toEqual({ shuttingDown: true });
    await expect
      .poll(() =>
        fetch(sandbox.url).then(
          () => "up",
          () => "down",
        ),
      )
      .toBe("down");
  });
});

describe("what the sandbox does not simulate", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;
  beforeEach(async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    client = new SandboxClient(sandbox);
  });
  afterEach(() => sandbox.close());

  it.each([
    ["GET", "/webhooks"],
    ["POST", "/api-key"],
    ["POST", "/payment/error-state-recovery"],
    ["POST", "/purchase/spending"],
    ["POST", "/payment/x402"],
  ])("%s %s is refused by name, never answered as if it had worked", async (method, path) => {
    const reply = await client.ask(method, path, method === "GET" ? undefined : {}, "admin");
    expect(reply.status).toBe(501);
    expect(reply.body.error?.message).toContain(`does not simulate ${method} ${path.replace(/\?.*/, "")}`);
  });

  it("still asks for a key", async () => {
    const response = await fetch(`${sandbox.url}/api/v1/webhooks`);
    expect(response.status).toBe(401);
  });
});
