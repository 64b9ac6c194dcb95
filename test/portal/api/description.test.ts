/** What /openapi.json says: every answer has a schema, and what really comes is that and nothing else. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { openApiDocument } from "../../../portal/api/openapi.ts";
import type { Gate } from "../../../portal/billing/gate.ts";
import { changeAgent } from "../../../portal/database/agents.ts";
import { setDeployed } from "../../../portal/database/fleets.ts";
import { addToLog, beginRun, endRun } from "../../../portal/database/runs.ts";
import { beginTry, endTry } from "../../../portal/database/tries.ts";
import { prepareLocalStack } from "../../../stacks/index.ts";
import { startRegistryService } from "../../helpers/registry-service.ts";
import { type TestedApi, form, json, startApi } from "./portal-api.ts";

type JsonSchema = Exclude<Parameters<typeof z.fromJSONSchema>[0], boolean>;

interface Description {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly security?: unknown;
            readonly responses: Readonly<
              Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }>
            >;
          }
        >
      >
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

let api: TestedApi;
let sandbox: RunningSandbox;
let description: Description;
beforeAll(async () => {
  [api, sandbox] = await Promise.all([startApi(), startSandbox({ chainSpeed: "instant" })]);
  const running = join(api.fleets.project.root, ".masumi/sandbox");
  mkdirSync(running, { recursive: true });
  writeFileSync(join(running, "sandbox.json"), JSON.stringify({ pid: process.pid, url: sandbox.url }));
  description = (await (await api.send("GET", "/openapi.json")).json()) as Description;
}, 300_000);
afterAll(() => Promise.all([api.close(), sandbox.close()]));

/** Every answer in JSON that is no problem, as `get /agents 200`. */
function answersOf({ paths }: Description): Map<string, JsonSchema> {
  const found = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.entries(responses).flatMap(([status, { content }]): [string, JsonSchema][] => {
        const schema = content?.["application/json"]?.schema;
        return schema ? [[`${method} ${path} ${status}`, schema]] : [];
      }),
    ),
  );
  return new Map(found);
}

/** Returns a schema with what it refers to in its place, which takes no field that it does not name. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== "object" || value === null) return value;
  if ("$ref" in value) {
    const name = String(value.$ref).replace("#/components/schemas/", "");
    return strict(description.components.schemas[name]);
  }
  const inner = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strict(item)]));
  return "properties" in inner ? { ...inner, additionalProperties: false } : inner;
}

const says = (schema: JsonSchema): boolean =>
  "$ref" in schema || Object.keys(schema.properties ?? {}).length > 0;

describe("the description of the API", () => {
  it("says what each answer is", () => {
    const mute = [...answersOf(description)].filter(([, schema]) => !says(schema)).map(([answer]) => answer);
    expect(mute).toEqual([]);
    expect(answersOf(description).size).toBeGreaterThanOrEqual(20);
    const good = Object.values(description.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ responses }) =>
        Object.entries(responses).filter(([status]) => status.startsWith("2")),
      ),
    );
    for (const [, { content }] of good) expect(Object.keys(content ?? {})).toHaveLength(1);
  });

  it("is what really comes, and nothing else comes", async () => {
    const left = answersOf(description);
    const request = async (
      [method, path, status]: readonly [method: string, path: string, status: number],
      {
        id = "",
        user = "anna",
        from = api,
        ...options
      }: RequestInit & { id?: string; user?: string; from?: TestedApi },
    ) => {
      const response = await from.send(method.toUpperCase(), path.replace("{id}", id), user, options);
      const answer = `${method} ${path} ${status}`;
      const body: unknown = await response.json();
      expect(`${method} ${path} ${response.status}`, `it said: ${JSON.stringify(body)}`).toBe(answer);
      const { success, error } = z
        .fromJSONSchema(strict(answersOf(description).get(answer)) as JsonSchema)
        .safeParse(body);
      expect(success, `${answer}: ${error && z.prettifyError(error)}`).toBe(true);
      left.delete(answer);
      return body;
    };
    const get = (path: string, options: Parameters<typeof request>[1] = {}) =>
      request(["get", path, 200], options);

    await get("/healthz");
    await get("/config");
    await get("/me");
    await get("/me/costs");
    const agent = new FormData();
    for (const [name, value] of Object.entries(form("Described"))) agent.append(name, value);
    agent.append("docs", new File(["# Notes\n"], "notes.md"));
    const { agentId: id } = (await request(["post", "/agent", 202], { body: agent })) as { agentId: string };
    const change = {
      state: "registered",
      masumiId: "abc",
      url: "https://a.example",
      expectedAt: new Date(),
    } as const;
    await api.database.transaction((queries) =>
      changeAgent(queries, id, change, { step: "registered", detail: "It is there." }),
    );
    const again = { ...json(form("Registered"), { "Idempotency-Key": "one" }) };
    const { agentId } = (await request(["post", "/agent", 202], again)) as { agentId: string };
    await api.database.transaction((queries) => changeAgent(queries, agentId, change));
    await request(["post", "/agent", 201], again);
    const problem = { error: "AGENT_NOT_ANSWERING", detail: "It did not answer.", remedy: "Wait." };
    await api.database.transaction((queries) => changeAgent(queries, agentId, { state: "failed", problem }));

    const run = crypto.randomUUID();
    await beginRun(api.database, { id: run, fleet: 1, commit: "c".repeat(40) });
    await addToLog(api.database, run, "the log\n");
    await get("/operator/runs", { user: "operator-1" });
    await endRun(api.database, run, { ok: true, changes: { create: 2 } });
    for (const path of ["/operator/runs/{id}", "/operator/runs"])
      await get(path, { user: "operator-1", id: run });
    for (const user of ["anna", "operator-1"]) await get("/agents/{id}", { id, user });
    await get("/agents");
    for (const status of [202, 200])
      await request(["patch", "/agents/{id}", status], { id, ...json({ bio: "Another." }) });

    const asked = { agentId: id, userId: "anna", input: "Question: ?", withinMs: 60_000 };
    await endTry(api.database, await beginTry(api.database, asked), { state: "succeeded", text: "Yes." });
    await endTry(api.database, await beginTry(api.database, asked), { state: "failed", text: "No." });
    await beginTry(api.database, asked);
    await get("/agents/{id}/tries", { id });
    await get("/agents/{id}/tries", { id, user: "operator-1" });

    await using service = await startRegistryService("ranking", [{ agentIdentifier: "abc" }]);
    await prepareLocalStack(api.fleets.project, {
      stack: api.fleets.model,
      sandboxUrl: sandbox.url,
      settings: { "masumi:registryServiceUrl": service.url },
    });
    const asking = await api.beside();
    await get("/agents/{id}/registry", { id, from: asking });
    await asking.close();

    for (const name of ["agents", "fleets", "wallets", "spent", "costs", "drift"])
      await get(`/operator/${name}`, { user: "operator-1" });
    await setDeployed(api.database, 1, "c");
    for (const name of ["fleets", "spent", "drift"]) await get(`/operator/${name}`, { user: "operator-1" });

    const paying = await api.beside({}, PAYING);
    for (const page of ["checkout", "portal"])
      await request(["post", `/billing/${page}`, 200], { from: paying, ...json({ returnPath: "/" }) });
    await get("/me", { from: paying });
    await paying.close();
    const { PORTAL_ISSUER, PORTAL_AUDIENCE } = {
      PORTAL_ISSUER: "https://id.example",
      PORTAL_AUDIENCE: "portal",
    };
    const issued = await api.beside({ PORTAL_ISSUER, PORTAL_AUDIENCE });
    await get("/config", { from: issued });
    await issued.close();
    await request(["delete", "/agents/{id}", 202], { id });

    // A job takes a crew: the customer's whole way has one (test/portal/journey.test.ts).
    expect([...left.keys()]).toEqual(["post /agents/{id}/try 200"]);
  });

  it("says what may be chosen", () => {
    const { NewAgent, AgentChange } = description.components.schemas;
    for (const schema of [NewAgent, AgentChange])
      expect(schema?.properties?.["choices"]).toMatchObject({
        properties: { price: { enum: ["3 USDM", "5 USDM", "10 USDM"] } },
      });
  });

  it("names routes that there are, and is shown to people without anything from elsewhere", async () => {
    expect(Object.keys(description.paths)).toContain("/agents/{id}/try");
    const open: string[] = [];
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const response = await api.send(method.toUpperCase(), path.replace("{id}", "x"), undefined);
        const isPublic = security === undefined;
        if (isPublic) open.push(path);
        expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} ${isPublic ? 200 : 401}`);
      }
    }
    expect(open).toEqual(["/config", "/healthz", "/metrics"]);
    const page = await (await api.send("GET", "/reference")).text();
    expect(page).toContain("POST /agent");
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  it.each([
    ["by itself", () => undefined, "`POST /sign-in`"],
    ["by an issuer", undefined, "`signIn` of `GET /config`"],
  ])("says where tokens are from, of a portal that signs users in %s", (_whose, signInRoutes, from) => {
    const parts = {
      billing: "none",
      templates: new Map(),
      ...(signInRoutes ? { signInRoutes } : {}),
    } as const;
    const { info } = openApiDocument("http://127.0.0.1:4810", parts);
    expect(info.description).toContain(from);
  });

  it.each([
    ["stripe", ["post"]],
    ["none", []],
  ] as const)("has Stripe's webhook where there is one: billing %s", (billing, methods) => {
    const { paths = {} } = openApiDocument("https://portal.example.com", { billing, templates: new Map() });
    expect(Object.keys(paths["/stripe/webhook"] ?? {})).toEqual(methods);
  });
});

/** A gate of somebody whose payment is due. */
const PAYING: Gate = {
  admit: () => Promise.resolve({ admitted: true }),
  status: () =>
    Promise.resolve({ state: "past_due", plan: "Three", allowed: 3, drainsAt: "2026-12-07T00:00:00.000Z" }),
  checkout: (_user, url) => Promise.resolve(url),
  customerPortal: (_user, url) => Promise.resolve(url),
};
