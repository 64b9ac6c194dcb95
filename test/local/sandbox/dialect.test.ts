import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { type Entry, registration, SandboxClient, V1_CONTRACT, V1_WALLET, V2_WALLET } from "./client.ts";

const DEFAULT_WORLD = new URL("../../../local/sandbox/world.default.json", import.meta.url);
const PRICING = { AgentPricing: { pricingType: "Fixed", Pricing: [{ unit: "lovelace", amount: "005" }] } };
const oldRegistration = (name: string) => registration(name, V1_WALLET, PRICING);

describe("the dialect of 2025", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;
  afterEach(() => sandbox.close());

  async function start(dialect: "0.20" | "0.21") {
    const world = { ...(JSON.parse(readFileSync(DEFAULT_WORLD, "utf8")) as object), dialect };
    sandbox = await startSandbox({ world, chainSpeed: 0 });
    client = new SandboxClient(sandbox);
  }
  const list = (query = "", role: "pay" | "read" = "pay") =>
    client.ask<{ Assets: Entry[] }>("GET", `/registry?network=Preprod${query}`, undefined, role);

  it("is told by the API document", async () => {
    await start("0.21");
    const document = (await (await fetch(`${sandbox.url}/api-docs`)).json()) as {
      paths: Record<string, object>;
    };
    expect(Object.keys(document.paths["/registry"] ?? {})).toEqual(["get", "post", "delete"]);
    expect(document.paths).not.toHaveProperty("/registry/deregister");
    expect(JSON.stringify(document.paths["/registry"])).not.toContain("limit");
    const reply = await client.ask("POST", "/registry/deregister", {});
    expect([reply.status, reply.body.error?.message]).toEqual([
      404,
      "Can not POST /api/v1/registry/deregister",
    ]);
  });

  it("DELETE burns, by identifier and in any state", async () => {
    await start("0.21");
    const { id } = await client.register(oldRegistration("a"));
    await client.advance(90);
    const { agentIdentifier } = await client.row(id);
    for (let repeat = 0; repeat < 2; repeat++) {
      const reply = await client.ask<Entry>("DELETE", "/registry", { agentIdentifier, network: "Preprod" });
      expect([reply.status, reply.body.data.state]).toEqual([200, "DeregistrationRequested"]);
    }
    await client.advance(90);
    expect((await client.row(id)).state).toBe("DeregistrationConfirmed");
  });

  it("lists ten rows, whatever limit is asked, to paying keys only", async () => {
    await start("0.21");
    for (let count = 0; count < 12; count++) await client.register(oldRegistration(`agent ${count}`));
    const first = (await list("&limit=100")).body.data.Assets;
    expect(first.map((row) => row.name)).toEqual(
      Array.from({ length: 10 }, (_, index) => `agent ${11 - index}`),
    );
    expect((await list(`&cursorId=${first[9]?.id}`)).body.data.Assets.map((row) => row.name)).toEqual([
      "agent 2",
      "agent 1",
      "agent 0",
    ]);
    expect((await list("", "read")).body.error?.message).toBe("Unauthorized, payment access required");
    expect((await list(`&smartContractAddress=${V1_CONTRACT}`)).body.data.Assets).toHaveLength(10);
    expect((await list("&smartContractAddress=addr_test1nope")).status).toBe(404);
  });

  it.each([
    ["0.20", false],
    ["0.21", true],
  ] as const)("%s shows short entries, with an error field: %s", async (dialect, hasError) => {
    await start(dialect);
    await client.register(oldRegistration("a"));
    await client.advance(90);
    const [entry] = (await list()).body.data.Assets;
    expect(entry).toMatchObject({ AgentPricing: { Pricing: [{ unit: "", amount: "5" }] } });
    expect(Object.keys(entry?.CurrentTransaction ?? {})).toEqual(["txHash", "status"]);
    expect("error" in (entry ?? {})).toBe(hasError);
    for (const later of [
      "sendFundingLovelace",
      "supportedPaymentSources",
      "verifications",
      "RecipientWallet",
    ]) {
      expect(entry).not.toHaveProperty(later);
    }
  });

  it("knows fixed prices only, and no V2", async () => {
    await start("0.20");
    const free = await client.ask("POST", "/registry", registration("a", V1_WALLET));
    expect([free.status, free.body.error?.message]).toEqual([
      400,
      'AgentPricing.pricingType: Invalid input: expected "Fixed"; AgentPricing.Pricing: Invalid input: expected array, received undefined',
    ]);
    const v2 = await client.ask("POST", "/registry", registration("b", V2_WALLET, PRICING));
    expect(v2.status).toBe(404);
  });
});
