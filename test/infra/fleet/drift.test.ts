import { describe, expect, it } from "vitest";
import type { Agent } from "../../../infra/declarations/index.ts";
import { type AgentDrift, type FleetDrift, examineDrift, isDrift } from "../../../infra/fleet/index.ts";
import { MasumiClient, type Row, marker } from "../../../providers/masumi/service/index.ts";
import { EMPTY_V2, V2 } from "../../providers/masumi/inputs.ts";
import { type Service, startService } from "../../providers/masumi/service.ts";
import { OWNER, configOf, declare, examine, register } from "./stack.ts";

const urlOf = ({ source }: Agent) => (source.kind === "url" ? source.url : undefined);

const findDrift = (
  { url }: Service,
  agents: readonly Agent[],
  settings?: Record<string, unknown>,
): Promise<FleetDrift> =>
  examineDrift(new MasumiClient({ url, token: "sandbox-read-key" }), {
    config: configOf(url, settings),
    agents,
    urlOf,
  });

/** One declared agent, registered as declared; then something happens, and this is what it is found to be. */
async function driftAfter(
  change: (service: Service, row: Row) => Promise<unknown>,
  { fields = {}, settings = {} }: { fields?: object; settings?: Record<string, unknown> } = {},
): Promise<AgentDrift> {
  await using service = await startService();
  const [agent] = declare({ a: { ...fields } });
  if (!agent) throw new Error("an agent was declared");
  const row = await register(service.url, agent);
  await change(service, row);
  const { agents } = await findDrift(service, [agent], settings);
  const [found] = agents;
  if (!found) throw new Error("the agent was not compared");
  return found;
}

const tUSDM = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";

describe("what is not as declared", () => {
  it.each<[what: string, patch: object, fields: object[]]>([
    ["nothing", {}, []],
    [
      "a text",
      { description: "changed by hand" },
      [{ field: "description", declared: "Answers from elsewhere.", live: "changed by hand" }],
    ],
    [
      "texts in maps, one by one",
      {
        Author: {
          name: "Example GmbH",
          contactEmail: "a@example.com",
          contactOther: null,
          organization: null,
        },
        Legal: { privacyPolicy: null, terms: "https://example.com/terms", other: null },
        Capability: { name: "answering", version: "2" },
      },
      [
        { field: "capability.version", declared: "1.0.0", live: "2" },
        { field: "author.contactEmail", declared: undefined, live: "a@example.com" },
        { field: "legal.terms", declared: undefined, live: "https://example.com/terms" },
      ],
    ],
    ["tags", { Tags: ["other"] }, [{ field: "tags", declared: ["answers"], live: ["other"] }]],
    [
      "the price",
      { AgentPricing: { pricingType: "Fixed", Pricing: [{ amount: "5", unit: tUSDM }] } },
      [
        {
          field: "pricing",
          declared: { type: "fixed", prices: [{ amount: "3000000", unit: "" }] },
          live: { type: "fixed", prices: [{ amount: "5", unit: tUSDM }] },
        },
      ],
    ],
    [
      "the URL",
      { apiBaseUrl: "https://elsewhere.example.com" },
      [
        {
          field: "apiBaseUrl",
          declared: "https://agents.example.com/a",
          live: "https://elsewhere.example.com",
        },
      ],
    ],
  ])("%s", async (_what, patch, fields) => {
    const found = await driftAfter(
      (service, row) => {
        const tags = "Tags" in patch ? { Tags: [...(patch.Tags as string[]), marker(OWNER, "a")] } : {};
        return service.patch(row.id, { ...patch, ...tags });
      },
      { fields: { payment: "V1" } },
    );
    expect(found.fields).toEqual(fields);
    expect(found.status).toBe(fields.length === 0 ? "same" : "changed");
    expect(isDrift(found)).toBe(fields.length > 0);
  });

  it("the wallet, when the pool has lost the one it is registered with", async () => {
    const settings = { wallets: [EMPTY_V2] };
    const found = await driftAfter(async () => undefined, { settings });
    expect(found.status).toBe("changed");
    expect(found.fields).toEqual([{ field: "wallet", declared: EMPTY_V2.vkey, live: V2.vkey }]);
  });

  it("the payment source that takes its money", async () => {
    const paymentSource = "addr_test1wz7j4kmg2cs7yf92uat3ed4a3u97kr7axxr4avaz0lhwdsqukgwfm";
    const found = await driftAfter(async () => undefined, {
      settings: { wallets: [{ ...V2, paymentSource }] },
    });
    expect(found.fields).toMatchObject([{ field: "sourceAddress", declared: paymentSource }]);
  });
});

describe("how an agent stands", () => {
  it.each<[state: string, status: AgentDrift["status"], error: string]>([
    ["RegistrationInitiated", "pending", ""],
    ["UpdateInitiated", "pending", ""],
    ["UpdateConfirmed", "same", ""],
    ["UpdateFailed", "failed", "the chain said no"],
    ["RegistrationFailed", "failed", "the chain said no"],
    ["DeregistrationFailed", "failed", "the chain said no"],
    ["DeregistrationInitiated", "leaving", ""],
    ["DeregistrationConfirmed", "missing", ""],
  ])("%s is %s", async (state, status, error) => {
    const found = await driftAfter(async (service, row) => {
      const isOver = ["RegistrationFailed", "DeregistrationConfirmed"].includes(state);
      if (isOver) await service.hold((await service.rows())[0]?.agentIdentifier, null);
      await service.patch(row.id, { state, error: "the chain said no" });
    });
    expect(found.status).toBe(status);
    expect(found.row?.error).toBe(error);
  });

  it("missing without any registration", async () => {
    await using service = await startService();
    const { agents, hasDrifted } = await findDrift(service, declare({ a: {} }));
    expect(agents).toMatchObject([{ status: "missing", fields: [] }]);
    expect(agents[0]?.row).toBeUndefined();
    expect(hasDrifted).toBe(true);
  });

  it("registered twice: the older one counts, the other is named", async () => {
    const rows: Row[] = [];
    const found = await driftAfter(async ({ url }, row) => {
      rows.push(row);
      for (const agent of declare({ a: {} })) rows.push(await register(url, agent));
    });
    expect(found.status).toBe("same");
    expect(found.row?.id).toBe(rows[0]?.id);
    expect(found.duplicates.map(({ id }) => id)).toEqual([rows[1]?.id]);
    expect(isDrift(found)).toBe(true);
  });

  it("registered twice, the newer one as declared: that one counts, the old one is named", async () => {
    await using service = await startService();
    const [before] = declare({ a: { payment: "V1", pricing: "free" } });
    const [after] = declare({ a: { payment: "V1" } });
    if (!before || !after) throw new Error("an agent was declared");
    const rows = [await register(service.url, before), await register(service.url, after)];
    const { agents } = await findDrift(service, [after]);
    expect(agents).toMatchObject([
      { status: "same", row: { id: rows[1]?.id }, fields: [], duplicates: [{ id: rows[0]?.id }] },
    ]);
  });

  it.each([
    ["its row is not listed", { kind: "hide-rows", route: "GET /registry", count: 999 }, undefined],
    ["its row has failed, but not its token", undefined, { state: "RegistrationFailed" }],
  ])("unknown when %s", async (_what, fault, patch) => {
    await using service = await startService();
    const agents = declare({ a: {} });
    for (const agent of agents) {
      const { id } = await register(service.url, agent);
      if (patch) await service.patch(id, patch);
    }
    if (fault) await service.fault(fault);
    const { agents: compared, problems } = await findDrift(service, agents);
    expect(compared).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(["REGISTRY_INCONSISTENT"]);
  });

  it("a registration that was taken over without our mark is compared all the same", async () => {
    await using service = await startService();
    const [before] = declare({ a: { payment: "V1" } });
    if (!before) throw new Error("an agent was declared");
    const { id } = await register(service.url, before, "somebody else");
    const [same] = (await findDrift(service, declare({ a: { payment: "V1", adopt: id } }))).agents;
    expect(same).toMatchObject({ status: "same", fields: [] });
    await service.patch(id, { name: "Renamed by hand" });
    const [changed] = (await findDrift(service, declare({ a: { payment: "V1", adopt: id } }))).agents;
    expect(changed?.fields).toEqual([{ field: "name", declared: "Agent a", live: "Renamed by hand" }]);
  });

  it("a URL that is not known here is not compared, and said to be so", async () => {
    await using service = await startService();
    const [agent] = declare({ a: {} });
    if (!agent) throw new Error("an agent was declared");
    await register(service.url, agent);
    const { agents } = await examineDrift(new MasumiClient({ url: service.url, token: "sandbox-read-key" }), {
      config: configOf(service.url),
      agents: [agent],
      urlOf: () => undefined,
    });
    expect(agents).toMatchObject([{ status: "same", isUrlCompared: false }]);
  });

  it("an agent that no wallet fits is a problem, and the others are compared", async () => {
    await using service = await startService();
    const { agents, problems } = await findDrift(service, declare({ a: { payment: "V1" }, b: {} }), {
      wallets: [V2],
    });
    expect(agents.map(({ agent }) => agent.id)).toEqual(["b"]);
    expect(problems.map(({ code }) => code)).toEqual(["NO_WALLET_FITS"]);
  });
});

describe("registrations that no file declares", () => {
  it("are ours, and neither over nor leaving", async () => {
    await using service = await startService();
    const rows = [];
    for (const agent of declare({ a: {}, b: {}, c: {} })) rows.push(await register(service.url, agent));
    const [foreign] = declare({ d: {} });
    if (foreign) await register(service.url, foreign, "somebody else");
    await service.patch(rows[1]?.id ?? "", { state: "DeregistrationInitiated" });
    const { orphans, hasDrifted } = await findDrift(service, declare({ a: {} }));
    expect(orphans.map(({ listing }) => listing.name)).toEqual(["Agent c"]);
    expect(hasDrifted).toBe(true);
  });

  it("a row that an agent takes over is declared, whatever id its mark is of", async () => {
    await using service = await startService();
    const [old] = declare({ old: {} });
    if (!old) throw new Error("an agent was declared");
    const { id } = await register(service.url, old);
    const renamed = declare({
      new: { name: "Agent old", url: "https://agents.example.com/old", adopt: id },
    });
    const { agents, orphans } = await findDrift(service, renamed);
    expect(orphans).toEqual([]);
    expect(agents).toMatchObject([{ status: "same", row: { id } }]);
    const { plan } = await examine(service.url, renamed);
    expect(plan.orphans).toEqual([]);
    expect(plan.agents).toMatchObject([{ action: "adopt", row: { id } }]);
  });

  it("a row that an agent names, but does not take over since it has its own, is not declared", async () => {
    await using service = await startService();
    const rows: Row[] = [];
    for (const agent of declare({ old: {}, new: {} })) rows.push(await register(service.url, agent));
    const named = rows.find(({ listing }) => listing.name === "Agent old");
    const { orphans } = await findDrift(service, declare({ new: { adopt: named?.id } }));
    expect(orphans.map(({ id }) => id)).toEqual([named?.id]);
  });
});
