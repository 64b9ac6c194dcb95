import { describe, expect, it } from "vitest";
import { examineDrift, planWarnings } from "../../../infra/fleet/index.ts";
import { MasumiClient, marker } from "../../../providers/masumi/service/index.ts";
import { V1, V2 } from "../../providers/masumi/inputs.ts";
import { WORLDS, startService } from "../../providers/masumi/service.ts";
import { OWNER, configOf, declare, examine, register } from "./stack.ts";

const LONG_TAG = "я".repeat(33);

describe("an agent that failed with its batch", () => {
  it("is told whose fault it was, by plan and by drift", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const agents = declare({ a: {} });
    for (const agent of agents) await register(service.url, agent);
    const { id } = await service.insert({
      wallet: V2.vkey,
      name: "Somebody's\u001b[31m",
      description: "",
      apiBaseUrl: "https://others.example.com",
      Tags: [LONG_TAG],
    });
    await service.advance(20);

    const { plan, problems } = await examine(service.url, agents);
    expect(problems).toEqual([]);
    const [warning] = planWarnings(plan, configOf("http://127.0.0.1/api/v1"));
    expect(warning).toMatch(
      /^a: Registration \S+ is RegistrationFailed\. The service says: .*MAX_LENGTH_LIMIT/,
    );
    expect(warning).toContain(`not its own but that of "Somebody's\\u001b[31m" (registration ${id})`);

    const client = new MasumiClient({ url: service.url, token: "sandbox-read-key" });
    const config = configOf(service.url);
    const drift = await examineDrift(client, { config, agents, urlOf: () => undefined });
    expect(drift.agents).toMatchObject([{ status: "failed", blame: expect.stringContaining(id) }]);
  });

  it("is not reminded of it once it is registered", async () => {
    await using service = await startService({ chainSpeed: "instant" });
    const agents = declare({ a: {} });
    await service.insert({
      wallet: V2.vkey,
      name: "old",
      description: "",
      apiBaseUrl: "https://x.example",
      Tags: [marker(OWNER, "a")],
      state: "RegistrationFailed",
      error: "x",
    });
    for (const agent of agents) await register(service.url, agent);
    const { plan } = await examine(service.url, agents);
    expect(planWarnings(plan, configOf("http://127.0.0.1/api/v1"))).toEqual([]);
  });
});

it("plan says what a release up to 0.27 would put on the chain too long", async () => {
  await using service = await startService({ world: WORLDS["release 0.21"], chainSpeed: "instant" });
  const settings = { settings: { wallets: [V1] } };
  const agents = declare({
    a: { description: "漢".repeat(22), payment: "V1" },
    b: { description: "漢".repeat(21), payment: "V1" },
  });
  const { problems, plan } = await examine(service.url, agents, settings);
  expect(problems.map(({ code, message }) => [code, message])).toEqual([
    ["TEXT_TOO_LONG", expect.stringContaining("a: the chain takes")],
  ]);
  expect(plan.agents.map(({ agent }) => agent.id)).toEqual(["b"]);
});
