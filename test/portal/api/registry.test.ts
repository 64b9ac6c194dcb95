import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import {
  agent as agentSchema,
  configuration,
  problem,
  registry as registrySchema,
} from "../../../portal/api/schemas.ts";
import { changeAgent } from "../../../portal/database/agents.ts";
import { RegistryDesk } from "../../../portal/api/registry/desk.ts";
import { OWN_TEMPLATES } from "../../../portal/templates/template.ts";
import { prepareLocalStack } from "../../../stacks/index.ts";
import type { Listed, RegistryHealth } from "../../../stacks/registry/health.ts";
import { type RegistryServiceDouble, startRegistryService } from "../../helpers/registry-service.ts";
import { startServer } from "../server.ts";
import { type TestedApi, form, json, startApi } from "./portal-api.ts";

/* What the network's registry has of agents. */

let api: TestedApi;
beforeAll(async () => {
  api = await startApi();
}, 300_000);
afterAll(() => api.close());

async function createdAt(portal: TestedApi, name: string, template = "support-desk"): Promise<string> {
  const response = await portal.send("POST", "/agent", "anna", json({ ...form(name), template }));
  expect(response.status).toBe(202);
  return ((await response.json()) as { agentId: string }).agentId;
}

describe("an agent's type of listing", () => {
  it("is shown where it is not standard", async () => {
    const folder = mkdtempSync(join(tmpdir(), "masumi-portal-templates-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const text = readFileSync(join(OWN_TEMPLATES, "support-desk.yaml"), "utf8");
    writeFileSync(join(folder, "support-desk.yaml"), text);
    writeFileSync(join(folder, "card.yaml"), text.replace("payment: V2", "payment: V2\n  listing: a2a"));
    const beside = await api.beside({ PORTAL_TEMPLATES: folder });
    onTestFinished(() => beside.close());
    const listingOf = async (template: string) => {
      const id = await createdAt(beside, `Listed by ${template}`, template);
      return agentSchema.parse(await (await beside.send("GET", `/agents/${id}`, "anna")).json()).listing;
    };
    expect(await listingOf("card")).toBe("a2a");
    expect(await listingOf("support-desk")).toBeUndefined();
  });
});

/** A portal whose model stack names a registry service. */
async function besideOf(service: Pick<RegistryServiceDouble, "url">): Promise<TestedApi> {
  await prepareLocalStack(api.fleets.project, {
    stack: api.fleets.model,
    sandboxUrl: "http://127.0.0.1:9",
    settings: { "masumi:registryServiceUrl": service.url },
  });
  const beside = await api.beside();
  onTestFinished(() => beside.close());
  return beside;
}

let count = 0;
async function registered(portal: TestedApi, url: string): Promise<{ id: string; masumiId: string }> {
  count += 1;
  const masumiId = "ab".repeat(59) + String(count).padStart(2, "0");
  const id = await createdAt(portal, `Registered ${count}`);
  await portal.database.transaction((queries) =>
    changeAgent(queries, id, { state: "registered", masumiId, url }),
  );
  return { id, masumiId };
}

const asked = async (portal: TestedApi, id: string, user = "anna") =>
  registrySchema.parse(await (await portal.send("GET", `/agents/${id}/registry`, user)).json());

describe("GET /agents/{id}/registry", () => {
  it("is not there unless the stacks name a registry service", async () => {
    const { id } = await registered(api, "http://127.0.0.1:9");
    const response = await api.send("GET", `/agents/${id}/registry`, "anna");
    expect(response.status).toBe(404);
    expect(problem.parse(await response.json()).error).toBe("no-registry");
    expect(configuration.parse(await (await api.send("GET", "/config")).json()).registry).toBe(false);
  });

  it("tells health, uptime, rank and age, and asks once for all who look within a minute", async () => {
    await using service = await startRegistryService("ranking");
    const portal = await besideOf(service);
    expect(configuration.parse(await (await portal.send("GET", "/config")).json()).registry).toBe(true);
    const { id, masumiId } = await registered(portal, "https://agents.example.com/one");
    service.agents.push({ agentIdentifier: masumiId, uptime: [995, 1000], supersedes: "other" });
    const [first, ...others] = await Promise.all(
      ["anna", "anna", "operator-1"].map((user) => asked(portal, id, user)),
    );
    expect(first).toMatchObject({
      problem: null,
      health: { status: "Online", uptimePercent: 99.5, checks: 1000, supersedes: true, rank: { place: 1 } },
    });
    expect(others).toEqual([first, first]);
    expect(service.queries).toHaveLength(2);
    expect((await portal.send("GET", `/agents/${id}/registry`, "ben")).status).toBe(404);
    expect((await portal.send("GET", `/agents/${id}/registry`)).status).toBe(401);
  });

  it("asks about no agent that is not registered", async () => {
    await using service = await startRegistryService("ranking");
    const portal = await besideOf(service);
    const id = await createdAt(portal, "Not registered");
    expect(await asked(portal, id)).toEqual({ askedAt: null, problem: null, health: null });
    expect(service.queries).toEqual([]);
  });

  it("says why an agent is Invalid, by what its type of listing demands", async () => {
    await using service = await startRegistryService("ranking");
    const portal = await besideOf(service);
    const outside = await startServer(
      () => new Response("{}", { headers: { "content-type": "application/json" } }),
    );
    onTestFinished(() => outside.close());
    const { id, masumiId } = await registered(portal, outside.url);
    service.agents.push({ agentIdentifier: masumiId, status: "Invalid" });
    const standard = await asked(portal, id);
    expect(standard.health).toMatchObject({
      status: "Invalid",
      reason: expect.stringMatching(/status|type/),
    });
    const typed = await registered(portal, outside.url);
    service.agents.push({ agentIdentifier: typed.masumiId, status: "Invalid", type: "OpenApi" });
    await portal.database.query(
      `UPDATE portal_agents SET shown = shown || '{"listing": {"type": "openapi"}}' WHERE id = $1`,
      [typed.id],
    );
    expect((await asked(portal, typed.id)).health?.reason).toMatch(/openapi/i);
  });

  it.each([
    [
      "refuses the key",
      { status: 401, body: '{"status":"error","error":{"message":"Invalid token"}}' },
      "Invalid token",
    ],
    [
      "answers something else",
      { status: 200, body: '{"data":{}}' },
      "not one that a Masumi registry service gives",
    ],
  ])(
    "says plainly that it does not answer if it %s, and the rest to operators",
    async (_what, fault, detail) => {
      await using service = await startRegistryService("ranking");
      const portal = await besideOf(service);
      const [one, two] = [
        await registered(portal, "https://a.example"),
        await registered(portal, "https://b.example"),
      ];
      service.fault = fault;
      const told = await asked(portal, one.id);
      expect(told.health).toBeNull();
      expect(told.problem).toBe(
        "The network's registry does not answer at present. The portal will ask it again.",
      );
      expect((await asked(portal, one.id, "operator-1")).problem).toContain(detail);
      // Nobody else waits for it meanwhile, and the operator is told once.
      service.fault = undefined;
      expect((await asked(portal, two.id)).problem).toBe(told.problem);
      expect(service.queries).toEqual([]);
      expect(portal.said.filter((line) => line.includes(detail))).toHaveLength(1);
      expect(JSON.stringify(portal.said)).not.toContain(service.key);
    },
  );
});

const HEALTH = { status: "Online" } as RegistryHealth;
const listed = (agentIdentifier: string): Listed => ({ agentIdentifier, probed: undefined });

describe("a desk that asks the registry", () => {
  it("asks about four at a time, and about all in the end", async () => {
    let [now, most] = [0, 0];
    const desk = new RegistryDesk(
      async ({ agentIdentifier }) => {
        most = Math.max(most, (now += 1));
        await sleep(2);
        now -= 1;
        return { problem: null, agents: new Map([[agentIdentifier, HEALTH]]) };
      },
      () => {},
    );
    const ids = Array.from({ length: 25 }, (_, index) => `agent-${index}`);
    const answers = await Promise.all(ids.map((id) => desk.of(listed(id))));
    expect(answers.every(({ health }) => health === HEALTH)).toBe(true);
    expect(most).toBe(4);
  });

  it("goes on after a fault of its own, and keeps none", async () => {
    let isBroken = true;
    const desk = new RegistryDesk(
      async ({ agentIdentifier }) => {
        await sleep(1);
        if (isBroken) throw new Error("a fault");
        return { problem: null, agents: new Map([[agentIdentifier, HEALTH]]) };
      },
      () => {},
    );
    const faults = await Promise.allSettled(["a", "b", "c", "d", "e"].map((id) => desk.of(listed(id))));
    expect(faults.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
    isBroken = false;
    expect((await desk.of(listed("a"))).health).toBe(HEALTH);
  });
});
