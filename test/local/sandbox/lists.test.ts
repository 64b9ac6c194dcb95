import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { type Entry, registration, SandboxClient, V1_WALLET, V2_CONTRACT } from "./client.ts";

const ROWS = 1_000;
const fixed = (ada: number) => ({
  AgentPricing: { pricingType: "Fixed", Pricing: [{ unit: "", amount: String(ada * 1_000_000 + 512_345) }] },
});

describe("a registry of a thousand agents", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  const list = async (query: string) =>
    (await client.ask<{ Assets: Entry[] }>("GET", `/registry?network=Preprod${query}`)).body.data.Assets;

  beforeAll(async () => {
    sandbox = await startSandbox({ chainSpeed: "instant" });
    client = new SandboxClient(sandbox);
    const started = performance.now();
    const numbers = Array.from({ length: ROWS }, (_, index) => index);
    for (let start = 0; start < ROWS; start += 20) {
      await Promise.all(
        numbers
          .slice(start, start + 20)
          .map((index) =>
            client.register(
              registration(`agent ${index}`, V1_WALLET, { Tags: [`marker-${index}`], ...fixed(index % 500) }),
            ),
          ),
      );
    }
    console.log(
      `sandbox: ${Math.round((ROWS * 1000) / (performance.now() - started))} registrations a second`,
    );
  });
  afterAll(() => sandbox.close());

  it("is paged to its end, the cursor row coming back each time", async () => {
    const started = performance.now();
    const ids: string[] = [];
    const cursors: string[] = [];
    const firsts: (string | undefined)[] = [];
    let requests = 0;
    for (let cursor = ""; ;) {
      const page = await list(`&limit=100${cursor && `&cursorId=${cursor}`}`);
      requests++;
      const fresh = page.map((row) => row.id).filter((id) => !ids.includes(id));
      if (fresh.length === 0) break;
      if (cursor) firsts.push(page[0]?.id);
      ids.push(...fresh);
      cursor = ids.at(-1) ?? "";
      cursors.push(cursor);
    }
    console.log(
      `sandbox: ${Math.round((requests * 1000) / (performance.now() - started))} pages of 100 a second`,
    );
    const { total } = (await client.ask<{ total: number }>("GET", "/registry/count?network=Preprod")).body
      .data;
    expect(ids).toHaveLength(ROWS);
    expect(firsts).toEqual(cursors.slice(0, -1));
    expect(total).toBe(ROWS);
  });

  it.each([
    ["an exact tag", "&searchQuery=marker-17", ["agent 17"]],
    ["part of a name, in any case", "&searchQuery=AGENT%20999", ["agent 999"]],
    ["an amount of ADA", "&searchQuery=417.5", ["agent 917", "agent 417"]],
    ["no amount that is near", "&searchQuery=417.6", []],
    ["an amount to the last digit", "&searchQuery=417.512345", ["agent 917", "agent 417"]],
    ["no amount with more digits than there are", "&searchQuery=417.5123451", []],
    ["not part of a tag", "&searchQuery=marker-", []],
    ["not the URL", "&searchQuery=agent.example", []],
    ["the state it shows", "&searchQuery=registration%20requested", []],
  ])("is searched for %s", async (_, query, names) => {
    expect((await list(query)).map((row) => row.name)).toEqual(names);
  });

  it.each(["deregistrationfailed", "Deregistration Failed", "ationfail", "failed"])(
    "finds a state as %s",
    async (query) => {
      const [row] = await list("&limit=1");
      await client.control("PATCH", `/rows/${row?.id}`, { state: "DeregistrationFailed" });
      const found = await list(`&searchQuery=${encodeURIComponent(query)}`);
      expect(found.map(({ id }) => id)).toEqual([row?.id]);
    },
  );

  it("finds amounts of every token, and types of prices by how they begin", async () => {
    const unit = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";
    const fixedIn = { AgentPricing: { pricingType: "Fixed", Pricing: [{ unit, amount: "1777512345" }] } };
    await client.register(registration("in tUSDM", V1_WALLET, fixedIn));
    await client.register(registration("for nothing", V1_WALLET));
    const names = async (query: string) => (await list(`&searchQuery=${query}`)).map((row) => row.name);
    expect(await names("1777")).toEqual(["in tUSDM"]);
    for (const query of ["free", "fre", "f"]) expect(await names(query)).toContain("for nothing");
    expect(await names("freer")).toEqual([]);
  });

  it("shows V2 rows to those who ask for V2", async () => {
    const { id } = await client.register(registration("the only V2"));
    const found = async (query: string) => (await list(query)).some((row) => row.id === id);
    expect(await found("&limit=100")).toBe(false);
    expect(await found("&filterPaymentSourceType=Web3CardanoV2")).toBe(true);
    expect(await found(`&filterSmartContractAddress=${V2_CONTRACT}`)).toBe(true);
    expect(await found(`&filterSupportedPaymentSourceAddress=${V2_CONTRACT}`)).toBe(true);
    expect(await found("&filterSupportedPaymentSourceNetworks=eip155:8453,Preprod")).toBe(true);
    expect(await found("&filterSupportedPaymentSourceNetworks=eip155:8453")).toBe(false);
    const { agentIdentifier } = await client.row(id);
    expect(await found(`&filterAgentIdentifier=${agentIdentifier}`)).toBe(true);
  });
});
