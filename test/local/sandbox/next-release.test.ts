import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import defaultWorld from "../../../local/sandbox/world.default.json" with { type: "json" };
import { type Entry, registration, SandboxClient, V1_WALLET, V2_WALLET } from "./client.ts";

const SPEC = "https://agent.example.com/openapi.json";
const MANIFEST = "https://agent.example.com/.well-known/x402.json";
const { apiBaseUrl: _, ...WITHOUT_URL } = registration("agent");

let sandbox: RunningSandbox;
let client: SandboxClient;
afterEach(() => sandbox.close());

async function start(world: object) {
  sandbox = await startSandbox({ world: { ...defaultWorld, ...world }, chainSpeed: 0 });
  client = new SandboxClient(sandbox);
}
const refusalOf = async (path: string, body: unknown) => {
  const reply = await client.ask("POST", path, body);
  return [reply.status, reply.body.error?.message];
};
const firstOf = async (query = "") => {
  const path = `/registry?network=Preprod&filterPaymentSourceType=Web3CardanoV2${query}`;
  return (await client.ask<{ Assets: Entry[] }>("GET", path)).body.data.Assets[0];
};

describe("the release after 0.28", () => {
  it.each([
    ["Standard", { apiBaseUrl: "https://agent.example.com" }, {}],
    ["OpenApi", { openApiSpecUrl: SPEC }, { type: "OpenApi" }],
    ["X402", { x402ResourcesUrl: MANIFEST }, { type: "X402" }],
  ])("registers %s agents, and shows all three URLs", async (type, urls, typed) => {
    await start({ version: "0.29" });
    const entry = await client.register({ ...WITHOUT_URL, ...urls, ...typed });
    const none = { apiBaseUrl: null, openApiSpecUrl: null, x402ResourcesUrl: null };
    expect(entry).toMatchObject({ type, ...none, ...urls });
    expect(Object.keys(entry).slice(3, 9)).toEqual([
      "description",
      "type",
      "apiBaseUrl",
      "openApiSpecUrl",
      "x402ResourcesUrl",
      "Capability",
    ]);
    expect(await firstOf()).toEqual(entry);
    await client.advance(100);
    expect(await client.row(entry.id)).toMatchObject({ state: "RegistrationConfirmed" });
  });

  it.each([
    [{}, "Standard agents require apiBaseUrl"],
    [{ type: "OpenApi" }, "OpenApi agents require openApiSpecUrl"],
    [{ type: "X402", openApiSpecUrl: SPEC }, "X402 agents require x402ResourcesUrl"],
    [
      { apiBaseUrl: SPEC, openApiSpecUrl: SPEC },
      "openApiSpecUrl is not valid for a Standard agent; use apiBaseUrl",
    ],
    [
      { type: "OpenApi", openApiSpecUrl: SPEC, apiBaseUrl: SPEC },
      "apiBaseUrl is not valid for a OpenApi agent; use openApiSpecUrl",
    ],
    [{ type: "A2A" }, 'type: Invalid option: expected one of "Standard"|"OpenApi"|"X402"'],
    [{ openApiSpecUrl: "spec" }, "openApiSpecUrl: Invalid URL"],
  ])("refuses %j", async (fields, message) => {
    await start({ version: "0.29" });
    expect(await refusalOf("/registry", { ...WITHOUT_URL, ...fields })).toEqual([400, message]);
  });

  it("looks for the wallet first, and at the price afterwards", async () => {
    await start({ version: "0.29" });
    expect(await refusalOf("/registry", { ...WITHOUT_URL, sellingWalletVkey: "ab".repeat(28) })).toEqual([
      404,
      "Network and Address combination not supported",
    ]);
    expect(await refusalOf("/registry", { ...WITHOUT_URL, sellingWalletVkey: V1_WALLET })).toEqual([
      400,
      "Standard agents require apiBaseUrl",
    ]);
  });

  it("updates standard agents only", async () => {
    await start({ version: "0.29" });
    const { id } = await client.register(registration("agent"));
    await client.advance(100);
    const { agentIdentifier } = await client.row(id);
    const { sellingWalletVkey: _key, ...content } = WITHOUT_URL;
    const asked = { ...content, agentIdentifier, name: "renamed" };
    expect(await refusalOf("/registry/update", { ...asked, type: "OpenApi", openApiSpecUrl: SPEC })).toEqual([
      400,
      "Updating OpenApi/X402 agents is not yet supported",
    ]);
    const { body } = await client.ask("POST", "/registry/update", asked);
    expect(body.data).toMatchObject({ name: "renamed", apiBaseUrl: "https://agent.example.com" });
  });

  it("has the routes that came with it", async () => {
    await start({ version: "0.29" });
    const { paths } = (await (await fetch(`${sandbox.url}/api-docs`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    expect(paths).toHaveProperty("/rail-readiness");
    expect(Object.keys(paths["/tx-sync-quarantine"] ?? {})).toEqual(["get", "delete"]);
    expect(JSON.stringify(paths["/registry"]?.["post"])).toContain("openApiSpecUrl");
  });

  it("shows rows of types that nobody knows yet, and fields as no release has shown them", async () => {
    await start({ version: "0.29" });
    const { id } = await client.control<Entry>("POST", "/rows", {
      wallet: V2_WALLET,
      name: "agent of a later type",
      description: "",
      type: "A2A",
      apiBaseUrl: null,
      Tags: ["x"],
      shownAs: { Author: null, state: "SomethingNew" },
    });
    expect(await firstOf()).toMatchObject({
      id,
      type: "A2A",
      apiBaseUrl: null,
      Author: null,
      state: "SomethingNew",
    });
  });
});

describe("the release after that", () => {
  const CARD = "https://agent.example.com/.well-known/agent-card.json";
  const A2A = {
    ...WITHOUT_URL,
    type: "A2A",
    apiBaseUrl: "https://agent.example.com",
    a2aAgentCardUrl: CARD,
    a2aProtocolVersions: ["1.0"],
  };

  it("registers A2A agents, and says so in its document", async () => {
    await start({ version: "0.30" });
    const entry = await client.register(A2A);
    expect(entry).toMatchObject({
      type: "A2A",
      apiBaseUrl: "https://agent.example.com",
      openApiSpecUrl: null,
      a2aAgentCardUrl: CARD,
      a2aProtocolVersions: ["1.0"],
    });
    expect(await client.register(registration("standard"))).toMatchObject({
      type: "Standard",
      a2aAgentCardUrl: null,
      a2aProtocolVersions: [],
    });
    const docs = JSON.stringify(await (await fetch(`${sandbox.url}/api-docs`)).json());
    expect(docs).toContain('"type":{"type":"string","enum":["Standard","OpenApi","X402","A2A"]}');
  });

  it.each([
    [{ apiBaseUrl: undefined }, "A2A agents require apiBaseUrl"],
    [{ a2aAgentCardUrl: undefined }, "A2A agents require a2aAgentCardUrl"],
    [{ a2aProtocolVersions: undefined }, "A2A agents require a non-empty a2aProtocolVersions"],
    [
      { openApiSpecUrl: SPEC },
      "openApiSpecUrl is not valid for an A2A agent; use apiBaseUrl and a2aAgentCardUrl",
    ],
    [{ type: "Standard" }, "a2aAgentCardUrl is not valid for a Standard agent"],
    [{ a2aProtocolVersions: ["1"] }, "a2aProtocolVersions[0]: A2A protocol version must use Major.Minor"],
  ])("refuses %j", async (fields, message) => {
    await start({ version: "0.30" });
    expect(await refusalOf("/registry", { ...A2A, ...fields })).toEqual([400, message]);
  });

  it("updates no agent of another type, whatever the request says of it", async () => {
    await start({ version: "0.30" });
    const { id } = await client.register(A2A);
    await client.advance(100);
    const { agentIdentifier } = await client.row(id);
    const { sellingWalletVkey: _key, ...content } = registration("agent");
    expect(await refusalOf("/registry/update", { ...content, agentIdentifier })).toEqual([
      400,
      "Updating OpenApi/X402/A2A agents is not yet supported",
    ]);
  });

  it.each([
    ["0.29", 422],
    ["0.30", 200],
  ])("reads the chain's metadata of an agent without apiBaseUrl: %s answers %i", async (version, status) => {
    await start({ version });
    const { id } = await client.register({ ...WITHOUT_URL, type: "OpenApi", openApiSpecUrl: SPEC });
    await client.advance(200);
    const { agentIdentifier } = await client.row(id);
    const query = `network=Preprod&agentIdentifier=${agentIdentifier}`;
    expect((await client.ask("GET", `/registry/agent-identifier?${query}`)).status).toBe(status);
  });
});

describe("payment sources on EVM chains", () => {
  const PAY_TO = "0x036CBD53842C5426634E7929541EC2318F3DCF7E";
  const source = {
    chain: "EVM",
    network: "eip155:84532",
    scheme: "Exact",
    payTo: PAY_TO,
    extra: { name: "USDC", version: "2" },
    pricing: { pricingType: "Fixed", fixed: [{ asset: PAY_TO, amount: "01000000", decimals: 6 }] },
  };
  const { supportedPaymentSources: own = [], ...rest } = registration("agent");
  const body = (...sources: object[]) => ({
    ...rest,
    supportedPaymentSources: [...(own as object[]), ...sources],
  });
  const keys = defaultWorld.keys.map((key) => ({ ...key, chains: ["eip155:84532", "eip155:8453"] }));

  it("are shown in lower case, with whom they pay twice", async () => {
    await start({ keys, x402: ["eip155:84532"] });
    const { supportedPaymentSources } = (await client.register(body(source))) as unknown as {
      supportedPaymentSources: object[];
    };
    const lower = PAY_TO.toLowerCase();
    expect(supportedPaymentSources[1]).toEqual({
      ...source,
      paymentSourceType: null,
      address: lower,
      payTo: lower,
      pricing: { pricingType: "Fixed", fixed: [{ asset: lower, amount: "1000000", decimals: 6 }] },
    });
  });

  it.each([
    [{}, [source], "Not authorized to advertise x402 payment sources on this network"],
    [{ keys }, [source], "x402 network is not available for settlement: eip155:84532"],
    [
      { keys, x402: ["eip155:84532"] },
      [source, { ...source, extra: {} }],
      "supportedPaymentSources[2] duplicates an earlier payment option",
    ],
  ])("are refused in the world %j", async (world, sources, message) => {
    await start(world);
    expect(await refusalOf("/registry", body(...sources))).toEqual([400, message]);
  });
});

describe("release 0.28", () => {
  it("is what a world without a version is of, and knows no types", async () => {
    await start({});
    const entry = await client.register(
      registration("agent", V2_WALLET, { type: "OpenApi", openApiSpecUrl: SPEC }),
    );
    expect(entry).toMatchObject({ apiBaseUrl: "https://agent.example.com" });
    for (const name of ["type", "openApiSpecUrl", "x402ResourcesUrl"]) expect(entry).not.toHaveProperty(name);
    expect(await refusalOf("/registry", WITHOUT_URL)).toEqual([
      400,
      "apiBaseUrl: Invalid input: expected string, received undefined",
    ]);
    const row = { wallet: V2_WALLET, name: "a", description: "", apiBaseUrl: null, Tags: ["x"] };
    await expect(client.control("POST", "/rows", row)).rejects.toThrow("always an apiBaseUrl");
  });

  it("is not named twice in a world", async () => {
    await start({});
    const world = { ...defaultWorld, version: "0.28", dialect: "0.21" };
    await expect(startSandbox({ world })).rejects.toThrow("version and dialect name two releases");
  });
});

describe("texts on the chain", () => {
  // 33 letters of two bytes each: 66 bytes, in 33 of the 63 characters that the service accepts.
  const LONG_TAG = "я".repeat(33);
  const REFUSED =
    `Evaluate redeemers failed: MAX_LENGTH_LIMIT (Metadatum value '${LONG_TAG}' is too long. ` +
    "Length is 66. Max length is 64 bytes)";

  it("one tag that is too long in bytes fails its whole V2 batch, and no other", async () => {
    await start({});
    const tags = [["a"], ["b"], [LONG_TAG], ["d"], ["e"], ["f"]];
    for (const [index, Tags] of tags.entries())
      await client.register(registration(`agent ${index}`, V2_WALLET, { Tags }));
    await client.advance(15);
    const failed = { state: "RegistrationFailed", error: REFUSED, agentIdentifier: null };
    expect(await client.rows()).toMatchObject([
      ...Array.from({ length: 5 }, () => failed),
      { state: "RegistrationRequested", error: null },
    ]);
    await client.advance(200);
    expect(await client.rows()).toMatchObject([
      ...Array.from({ length: 5 }, () => failed),
      { state: "RegistrationConfirmed" },
    ]);
  });

  it("64 bytes are just right, and other texts are put on the chain in pieces", async () => {
    await start({});
    const long = "漢".repeat(250);
    const { id } = await client.register(
      registration(long, V2_WALLET, {
        Tags: ["я".repeat(32)],
        description: long,
        Author: { name: long, organization: long },
        Legal: { terms: long },
        Capability: { name: long, version: long },
      }),
    );
    await client.advance(200);
    expect(await client.row(id)).toMatchObject({ state: "RegistrationConfirmed" });
  });

  it("V1 fails alone, and an update that brings such a tag fails as well", async () => {
    await start({});
    const v1 = await client.register(registration("v1", V1_WALLET, { Tags: [LONG_TAG] }));
    const v2 = await client.register(registration("v2"));
    await client.advance(200);
    expect(await client.row(v1.id)).toMatchObject({ state: "RegistrationFailed", error: REFUSED });
    const { agentIdentifier } = await client.row(v2.id);
    await client.update(agentIdentifier, registration("v2", V2_WALLET, { Tags: [LONG_TAG] }));
    await client.advance(200);
    expect(await client.row(v2.id)).toMatchObject({ state: "UpdateFailed", error: REFUSED, agentIdentifier });
    await client.deregister(agentIdentifier);
    await client.advance(200);
    expect(await client.row(v2.id)).toMatchObject({ state: "DeregistrationConfirmed" });
  });

  it("releases up to 0.27 count characters, so any text may be too long", async () => {
    await start({ version: "0.21" });
    const free = { AgentPricing: { pricingType: "Fixed", Pricing: [{ unit: "lovelace", amount: "5" }] } };
    const { id } = await client.register(registration("漢".repeat(22), V1_WALLET, free));
    await client.advance(200);
    expect((await client.rows()).find((row) => row.id === id)).toMatchObject({
      state: "RegistrationFailed",
      error: expect.stringContaining("Length is 66"),
    });
  });

  it.each(["name", "description"])(
    "a NUL in the %s is more than the service's database takes",
    async (field) => {
      await start({});
      expect(await refusalOf("/registry", { ...registration("a"), [field]: "a\0b" })).toEqual([
        500,
        "Internal Server Error",
      ]);
    },
  );
});
