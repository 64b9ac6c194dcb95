import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { type Entry, registration, SandboxClient, V1_WALLET, V2_CONTRACT, V2_WALLET } from "./client.ts";

let sandbox: RunningSandbox;
let client: SandboxClient;
afterEach(() => sandbox.close());

describe("a service whose clock is off", () => {
  const HOUR_SECONDS = 3_600;

  it.each([
    ["ahead", HOUR_SECONDS],
    ["behind", -HOUR_SECONDS],
  ])("by an hour, %s, says so in stamps and headers and not on the chain", async (_, skew) => {
    const now = Date.parse("2026-11-22T12:00:00.000Z");
    sandbox = await startSandbox({ chainSpeed: 0, clockSkewSeconds: skew, now: () => now });
    client = new SandboxClient(sandbox);
    const shifted = new Date(now + skew * 1_000);

    const { createdAt, updatedAt } = await client.register(registration("a"));
    expect([createdAt, updatedAt]).toEqual([shifted.toISOString(), shifted.toISOString()]);
    const reply = await client.ask("GET", "/registry?network=Preprod");
    expect(reply.headers.get("date")).toBe(shifted.toUTCString());
    expect(await client.control("GET", "/status")).toMatchObject({
      now: new Date(now).toISOString(),
      uptime: 0,
    });
  });

  it("does its work all the same", async () => {
    sandbox = await startSandbox({ chainSpeed: 0, clockSkewSeconds: -HOUR_SECONDS });
    client = new SandboxClient(sandbox);
    const { id } = await client.register(registration("a"));
    await client.advance(100);
    expect((await client.row(id)).state).toBe("RegistrationConfirmed");
  });
});

describe("a service that shuffles what has no order", () => {
  const READS = 12;
  const MOMENT = "2026-11-22T12:00:00.000Z";

  async function start(shuffle: boolean) {
    sandbox = await startSandbox({ chainSpeed: 0, shuffle });
    client = new SandboxClient(sandbox);
  }
  const list = async (query: string) =>
    (await client.ask<{ Assets: Entry[] }>("GET", `/registry?network=Preprod${query}`)).body.data.Assets;
  const otherRow = (name: string, createdAt: string) =>
    client.control<Entry>("POST", "/rows", {
      wallet: V1_WALLET,
      name,
      createdAt,
      description: "",
      apiBaseUrl: "https://agent.example.com",
      Tags: ["c", "a", "b"],
    });

  /** The different answers to a question that is asked several times. */
  async function answers(ask: () => Promise<readonly string[]>): Promise<Set<string>> {
    const seen = new Set<string>();
    for (let read = 0; read < READS; read++) seen.add((await ask()).join(" "));
    return seen;
  }
  const sortedOf = (seen: Set<string>) =>
    new Set([...seen].map((answer) => answer.split(" ").toSorted().join(" ")));

  const UNITS = ["1", "2", "3", "4", "5"].map((amount) => ({ unit: "", amount }));
  const amountsIn = (value: unknown) =>
    Array.from(JSON.stringify(value).matchAll(/"amount":"(\d)"/g), ([, amount = ""]) => amount);
  const bodies = {
    V1: () =>
      registration("many prices", V1_WALLET, { AgentPricing: { pricingType: "Fixed", Pricing: UNITS } }),
    V2: () =>
      registration("many prices", V2_WALLET, {
        supportedPaymentSources: [
          {
            chain: "Cardano",
            network: "Preprod",
            paymentSourceType: "Web3CardanoV2",
            address: V2_CONTRACT,
            pricing: {
              pricingType: "Fixed",
              fixed: UNITS.map(({ unit, amount }) => ({ asset: unit, amount })),
            },
          },
        ],
      }),
  };

  it.each(["V1", "V2"] as const)("gives %s prices in any order, all of them", async (type) => {
    await start(true);
    await client.register(bodies[type]());
    const seen = await answers(async () =>
      amountsIn(await list(`&filterPaymentSourceType=Web3Cardano${type}`)),
    );
    expect(seen.size).toBeGreaterThan(1);
    expect(sortedOf(seen)).toEqual(new Set(["1 2 3 4 5"]));
  });

  it("gives rows of the same moment in any order, older and newer ones in theirs, and tags as they are", async () => {
    await start(true);
    await otherRow("old", "2026-11-22T11:00:00.000Z");
    for (const name of ["p", "q", "r", "s", "t"]) await otherRow(name, MOMENT);
    await otherRow("new", "2026-11-22T13:00:00.000Z");
    const seen = await answers(async () => (await list("")).map((row) => row.name));
    expect(seen.size).toBeGreaterThan(1);
    for (const names of seen) expect(names).toMatch(/^new ([p-t] ){5}old$/);
    expect((await list("")).map((row) => row["Tags"])).toEqual(
      Array.from({ length: 7 }, () => ["c", "a", "b"]),
    );
  });

  it("still gives the row of the cursor first, and never more than was asked", async () => {
    await start(true);
    const rows: Entry[] = [];
    for (const name of ["p", "q", "r", "s", "t"]) rows.push(await otherRow(name, MOMENT));
    await otherRow("old", "2026-11-22T11:00:00.000Z");
    for (const { id, name } of rows) {
      const page = await list(`&limit=3&cursorId=${id}`);
      expect(page[0]?.name).toBe(name);
      expect(page.length).toBeLessThanOrEqual(3);
    }
  });

  it("gives everything in one order unless asked to shuffle", async () => {
    await start(false);
    for (const name of ["p", "q", "r", "s", "t"]) await otherRow(name, MOMENT);
    const seen = await answers(async () => (await list("")).map((row) => row.name));
    expect(seen).toEqual(new Set(["t s r q p"]));
  });

  it("shuffles payments likewise", async () => {
    await start(true);
    const agentIdentifier = `7e8bdaf2b2b919a3a4b94002cafb50086c0c845fe535d07a77ab7f77${"ab".repeat(32)}`;
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) {
      const payment = { agentIdentifier, createdAt: MOMENT };
      ids.push((await client.control<{ id: string }>("POST", "/payments", payment)).id);
    }
    const seen = await answers(async () => {
      const reply = await client.ask<{ Payments: { id: string }[] }>("GET", "/payment?network=Preprod");
      return reply.body.data.Payments.map(({ id }) => id);
    });
    expect(seen.size).toBeGreaterThan(1);
    expect(sortedOf(seen)).toEqual(new Set([ids.toSorted().join(" ")]));
  });
});
