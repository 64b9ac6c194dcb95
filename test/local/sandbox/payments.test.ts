import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { registration, SandboxClient, V1_CONTRACT, V1_WALLET, V2_CONTRACT, V2_WALLET } from "./client.ts";

const HOUR = 3_600_000;

interface Payment {
  readonly id: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly agentIdentifier: string;
  readonly agentName: string | null;
  readonly onChainState: string | null;
  readonly inputHash: string;
  readonly [field: string]: unknown;
}

/** A confirmed agent's identifier. */
async function confirmed(client: SandboxClient, body: Record<string, unknown>): Promise<string> {
  const { id } = await client.register(body);
  await client.advance(100);
  const { agentIdentifier } = await client.row(id);
  if (agentIdentifier === null) throw new Error("the agent is not on the chain");
  return agentIdentifier;
}

const pay = (client: SandboxClient, agentIdentifier: string, fields: object = {}) =>
  client.control<Payment>("POST", "/payments", { agentIdentifier, ...fields });

async function list(client: SandboxClient, query = ""): Promise<Payment[]> {
  const reply = await client.ask<{ Payments: Payment[] }>("GET", `/payment?network=Preprod${query}`);
  return reply.body.data.Payments;
}

describe("a payment made by a control route", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  beforeEach(async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    client = new SandboxClient(sandbox);
  });
  afterEach(() => sandbox.close());

  it("takes from the agent what the service reads on the chain", async () => {
    const fixed = { pricingType: "Fixed", Pricing: [{ unit: "", amount: "7000000" }] };
    const agent = await confirmed(client, registration("a seller", V1_WALLET, { AgentPricing: fixed }));
    const { id } = await pay(client, agent);
    const [payment] = await list(client);
    expect(payment).toMatchObject({
      id,
      agentIdentifier: agent,
      agentName: "a seller",
      pricingType: "Fixed",
      RequestedFunds: [{ unit: "", amount: "7000000" }],
      onChainState: null,
      resultHash: "",
      NextAction: { requestedAction: "WaitingForExternalAction" },
      PaymentSource: { paymentSourceType: "Web3CardanoV1", smartContractAddress: V1_CONTRACT },
      SmartContractWallet: { walletVkey: V1_WALLET },
    });
    expect(Number(payment?.["submitResultTime"]) - Date.parse(payment?.createdAt ?? "")).toBe(3 * HOUR);
  });

  it("keeps its agent after the burn of the token", async () => {
    const agent = await confirmed(client, registration("a", V1_WALLET));
    await pay(client, agent);
    await client.deregister(agent);
    await client.advance(100);
    expect((await list(client)).map((payment) => payment.agentIdentifier)).toEqual([agent]);
  });

  it("moves on, with the stamps of what has changed", async () => {
    const agent = await confirmed(client, registration("a", V1_WALLET));
    const { id, createdAt } = await pay(client, agent, { payByTime: "2030-01-01T00:00:00.000Z" });
    await client.control("PATCH", `/payments/${id}`, { onChainState: "FundsLocked", submitResultTime: 1234 });
    const [locked] = await list(client);
    expect(locked).toMatchObject({
      onChainState: "FundsLocked",
      submitResultTime: "1234",
      payByTime: String(Date.parse("2030-01-01T00:00:00.000Z")),
      nextActionLastChangedAt: createdAt,
      onChainStateOrResultLastChangedAt: locked?.updatedAt,
      nextActionOrOnChainStateOrResultLastChangedAt: locked?.updatedAt,
    });
    expect(locked?.updatedAt).not.toBe(createdAt);

    await client.control("PATCH", `/payments/${id}`, { requestedAction: "WithdrawRequested" });
    const [withdrawing] = await list(client);
    expect(withdrawing).toMatchObject({
      NextAction: { requestedAction: "WithdrawRequested" },
      nextActionLastChangedAt: withdrawing?.updatedAt,
      onChainStateOrResultLastChangedAt: locked?.updatedAt,
    });

    expect(await client.control("DELETE", "/payments")).toEqual({ deleted: 1 });
    expect(await list(client)).toEqual([]);
  });

  it.each([
    ["POST", "/payments", { agentIdentifier: "ab".repeat(60) }, 400, "no payment source with the policy"],
    ["POST", "/payments", {}, 400, "agentIdentifier: Invalid input"],
    ["PATCH", "/payments/nope", {}, 404, "No payment has the id nope"],
    ["PATCH", "/payments/nope", { onChainState: "Paid" }, 400, "onChainState: Invalid option"],
    ["PATCH", "/payments/nope", { payByTime: "soon" }, 400, "payByTime: Invalid input"],
  ])("%s %s with %j is refused: %i", async (method, path, body, status, message) => {
    await expect(client.control(method, path, body)).rejects.toThrow(`${status} {"error":"`);
    await expect(client.control(method, path, body)).rejects.toThrow(message);
  });
});

describe("the list of payments", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;
  let made: Payment[];
  let v2: Payment;

  beforeAll(async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    client = new SandboxClient(sandbox);
    const v1Agent = await confirmed(
      client,
      registration("first seller", V1_WALLET, {
        AgentPricing: { pricingType: "Fixed", Pricing: [{ unit: "", amount: "2500000" }] },
      }),
    );
    const v2Agent = await confirmed(client, registration("second seller", V2_WALLET));
    made = [];
    for (let index = 0; index < 12; index++) {
      made.push(await pay(client, v1Agent, index === 4 ? { onChainState: "FundsLocked" } : {}));
    }
    v2 = await pay(client, v2Agent, { requestedAction: "WaitingForManualAction" });
  });
  afterAll(() => sandbox.close());

  const ids = async (query: string) => (await list(client, query)).map(({ id }) => id);
  const total = async (query: string) =>
    (await client.ask<{ total: number }>("GET", `/payment/count?network=Preprod${query}`)).body.data.total;
  const newestFirst = () => made.map(({ id }) => id).toReversed();

  it("has ten, newest first, and V1 only, unless asked otherwise", async () => {
    expect(await ids("")).toEqual(newestFirst().slice(0, 10));
    expect(await total("")).toBe(12);
  });

  it("is paged by a cursor that comes back itself; a lost cursor looks like the end", async () => {
    const first = await ids("&limit=5");
    const second = await ids(`&limit=9&cursorId=${first[4]}`);
    expect([...first, ...second.slice(1)]).toEqual(newestFirst());
    expect(second[0]).toBe(first[4]);
    expect(await ids(`&cursorId=${v2.id}`)).toEqual([]);
    expect(await ids("&cursorId=nothing")).toEqual([]);
  });

  it.each([
    ["&filterPaymentSourceType=Web3CardanoV2"],
    [`&filterSmartContractAddress=${V2_CONTRACT}`],
    ["&filterPaymentSourceType=Web3CardanoV2&filterNeedsManualAction=true"],
  ])("shows V2 payments for %s, and counts them", async (query) => {
    expect(await ids(query)).toEqual([v2.id]);
    expect(await total(query)).toBe(1);
  });

  it("is filtered by the state on the chain", async () => {
    expect(await ids("&filterOnChainState=FundsLocked")).toEqual([made[4]?.id]);
    expect(await ids("&filterOnChainState=Disputed")).toEqual([]);
    expect(await ids("&filterNeedsManualAction=true")).toEqual([]);
  });

  it.each([
    ["an id", () => made[3]?.id ?? "", () => [made[3]?.id]],
    ["no hash of an input", () => made[7]?.inputHash ?? "", () => []],
    ["a state in words", () => "funds LOCKED", () => [made[4]?.id]],
    ["the agent's name", () => "First Sell", () => newestFirst().slice(0, 10)],
    ["an amount of ADA", () => "2.5", () => newestFirst().slice(0, 10)],
    ["another amount", () => "2.6", () => []],
    ["an identifier of an agent", () => made[0]?.agentIdentifier ?? "", () => newestFirst().slice(0, 10)],
  ])("is searched for %s", async (_, query, expected) => {
    const found = await ids(`&searchQuery=${encodeURIComponent(query())}`);
    expect(found).toEqual(expected());
  });

  it.each([
    ["/payment", 'network: Invalid option: expected one of "Preprod"|"Mainnet"'],
    ["/payment?network=Preprod&limit=101", "limit: Too big"],
    ["/payment?network=Preprod&filterOnChainState=Paid", "filterOnChainState: Invalid option"],
    ["/payment/count", "network: Invalid option"],
  ])("%s is refused: %s", async (path, message) => {
    const reply = await client.ask("GET", path, undefined, "read");
    expect(reply.status).toBe(400);
    expect(reply.body.error?.message).toContain(message);
  });
});
