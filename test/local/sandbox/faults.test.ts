import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultError, parseFault, type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { type Entry, registration, SandboxClient, V1_WALLET } from "./client.ts";

const TOKEN = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";

describe("scripted faults of answers", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  beforeEach(async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    client = new SandboxClient(sandbox);
  });
  afterEach(() => sandbox.close());

  const script = (kind: string, more: object = {}) =>
    client.control("POST", "/faults", { faults: [{ kind, route: "POST /registry", ...more }] });
  const post = () => client.ask("POST", "/registry", registration("a"));
  const rawPost = (patience = 10_000) =>
    fetch(`${sandbox.url}/api/v1/registry`, {
      method: "POST",
      headers: { token: "sandbox-pay-key", "Content-Type": "application/json" },
      body: JSON.stringify(registration("a")),
      signal: AbortSignal.timeout(patience),
    });
  const written = async () => (await client.rows()).length;

  it.each([
    { kind: "lost-before-write", rows: 0 },
    { kind: "lost-after-write", rows: 1 },
  ])("$kind: the connection breaks, $rows rows", async ({ kind, rows }) => {
    await script(kind);
    await expect(post()).rejects.toThrow("fetch failed");
    expect(await written()).toBe(rows);
    expect((await post()).status).toBe(200);
    expect(await written()).toBe(rows + 1);
  });

  it("late-write: the connection breaks at once, the row comes later", async () => {
    await script("late-write", { ms: 1_500 });
    await expect(post()).rejects.toThrow("fetch failed");
    expect(await written()).toBe(0);
    await expect.poll(written).toBe(1);
  });

  it("late-answer: the row is there before its answer", async () => {
    await script("late-answer", { ms: 1_500 });
    const answered = post().then(() => "answered");
    await expect.poll(written).toBe(1);
    expect(await Promise.race([answered, sleep(20, "waiting")])).toBe("waiting");
    expect(await answered).toBe("answered");
  });

  it("slow: row and answer both come later", async () => {
    await script("slow", { ms: 1_500 });
    const answered = post();
    await sleep(50);
    expect(await written()).toBe(0);
    expect((await answered).status).toBe(200);
  });

  it.each([
    { kind: "error-before-write", rows: 0 },
    { kind: "error-after-write", rows: 1 },
  ])("$kind: 500, $rows rows", async ({ kind, rows }) => {
    await script(kind);
    const reply = await post();
    expect([reply.status, reply.body.error?.message]).toEqual([500, "Internal Server Error"]);
    expect(await written()).toBe(rows);
  });

  it.each([
    { kind: "error-before-write", status: 502, rows: 0, message: "Bad Gateway" },
    { kind: "error-after-write", status: 503, rows: 1, message: "Service Unavailable" },
  ])("$kind: $status when asked, $rows rows", async ({ kind, status, rows, message }) => {
    await script(kind, { status });
    const reply = await post();
    expect([reply.status, reply.body.error?.message]).toEqual([status, message]);
    expect(await written()).toBe(rows);
  });

  it.each([
    { kind: "error-before-write", status: 503, rows: 0 },
    { kind: "error-after-write", status: 502, rows: 1 },
  ])("$kind: $status with a gateway's page, $rows rows", async ({ kind, status, rows }) => {
    await script(kind, { status, body: "html" });
    const reply = await rawPost();
    expect([reply.status, reply.headers.get("content-type")]).toEqual([status, "text/html; charset=utf-8"]);
    expect(await reply.text()).toContain("<p>");
    expect(await written()).toBe(rows);
  });

  it("truncated-json: 200 after the write, half of the answer", async () => {
    await script("truncated-json");
    const reply = await rawPost();
    expect([reply.status, reply.headers.get("content-type")]).toEqual([
      200,
      "application/json; charset=utf-8",
    ]);
    const text = await reply.text();
    expect(text).toMatch(/^{"status":"success","data":{"error":null,"id":"c/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(await written()).toBe(1);
  });

  it("rate-limit: 429 with Retry-After, as often as asked", async () => {
    await script("rate-limit", { retryAfter: 7, count: 2 });
    for (const expected of [429, 429, 200]) {
      const reply = await post();
      expect(reply.status).toBe(expected);
      expect(reply.headers.get("retry-after")).toBe(expected === 429 ? "7" : null);
    }
    expect(await written()).toBe(1);
  });

  it.each([
    { kind: "hang-before-write", rows: 0 },
    { kind: "hang-after-write", rows: 1 },
  ])("$kind: no answer until the client gives up, $rows rows", async ({ kind, rows }) => {
    await script(kind);
    const request = rawPost(200);
    await expect(request).rejects.toThrow("timeout");
    expect(await written()).toBe(rows);
  });

  it("not-json: a gateway's page after the write", async () => {
    await script("not-json", { status: 200 });
    await expect(post()).rejects.toThrow("is not valid JSON");
    expect(await written()).toBe(1);
  });

  it("oversize: a well-formed answer that is far too long", async () => {
    await script("oversize", { bytes: 3_000_000 });
    const response = await rawPost();
    const text = await response.text();
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(JSON.parse(text)).toHaveProperty("status", "success");
    expect(await written()).toBe(1);
  });

  it("chain-down: prices in tokens are refused, what asks the chain is a 500, the rest works", async () => {
    await client.control("POST", "/faults", { faults: [{ kind: "chain-down", route: "*", count: 3 }] });
    const pricing = { pricingType: "Fixed", Pricing: [{ unit: TOKEN, amount: "1" }] };
    const refused = await client.ask(
      "POST",
      "/registry",
      registration("a", V1_WALLET, { AgentPricing: pricing }),
    );
    expect(refused.body.error?.message).toContain("validation error");
    expect((await post()).status).toBe(200);
    const { address } = await client.wallet(V1_WALLET);
    const balance = () => client.ask("GET", `/balance?network=Preprod&address=${address}`);
    expect((await balance()).status).toBe(500);
    expect((await balance()).status).toBe(500);
    expect((await balance()).status).toBe(200);
  });

  it("hit only their route, in any spelling of its path, and can be cleared", async () => {
    await script("error-before-write", { count: 5 });
    expect((await client.ask("GET", "/registry?network=Preprod")).status).toBe(200);
    expect((await client.ask("POST", "/Registry/", registration("a"))).status).toBe(500);
    await client.control("DELETE", "/faults");
    expect((await post()).status).toBe(200);
  });

  it("leave the sandbox able to end while requests hang", async () => {
    await script("hang-before-write");
    const request = post().catch(() => "cut");
    await expect
      .poll(async () => (await client.control<{ faults: unknown[] }>("GET", "/faults")).faults)
      .toEqual([]);
    await sandbox.close();
    expect(await request).toBe("cut");
  });
});

describe("a fault on the command line", () => {
  it.each([
    [
      "lost-after-write,route=POST /registry",
      { kind: "lost-after-write", route: "POST /registry", count: 1 },
    ],
    ["slow, route=*, ms=50, count=3", { kind: "slow", route: "*", ms: 50, count: 3 }],
    [
      "rate-limit,route=GET /Registry",
      { kind: "rate-limit", route: "GET /registry", retryAfter: 1, count: 1 },
    ],
    [
      "error-after-write,route=*,status=503,body=html",
      { kind: "error-after-write", route: "*", status: 503, body: "html", count: 1 },
    ],
    [
      "error-before-write,route=*",
      { kind: "error-before-write", route: "*", status: 500, body: "json", count: 1 },
    ],
    ["drop-transaction,operation=Update", { kind: "drop-transaction", operation: "Update", count: 1 }],
    ['{"kind":"fail-transaction","error":"a, b"}', { kind: "fail-transaction", error: "a, b", count: 1 }],
  ])("%s", (spec, expected) => {
    expect(parseFault(spec)).toEqual(expected);
  });

  it.each([
    ["explode", /kind: Invalid/],
    ["slow", /route: /],
    ["slow,route=registry", /expected a method and a path/],
    ["slow,route=*,ms=soon", /ms: /],
    ["error-after-write,route=*,status=404", /status: Invalid option/],
    ["error-after-write,route=*,body=xml", /body: Invalid option/],
    ["slow,POST /registry", /name=value is expected/],
    ["slow,route=*,speed=9", /Unrecognized key/],
    ["{kind", /is not JSON/],
  ])("%s is refused with the reason", (spec, reason) => {
    expect(() => parseFault(spec)).toThrow(FaultError);
    expect(() => parseFault(spec)).toThrow(reason);
  });
});

describe("rows that a list lacks", () => {
  it("are still counted, and in their wallet; the lists have them again when the fault is used up", async () => {
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    try {
      const client = new SandboxClient(sandbox);
      for (const name of ["one", "two"]) await client.register(registration(name, V1_WALLET));
      const names = async (path: string) =>
        (await client.ask<{ Assets: Entry[] }>("GET", `${path}?network=Preprod`)).body.data.Assets.map(
          ({ name }) => name,
        );
      const faults = [
        { kind: "hide-rows", route: "GET /registry", name: "one" },
        { kind: "hide-rows", route: "GET /registry" },
        { kind: "hide-rows", route: "GET /registry/diff", name: "two" },
      ];
      await client.control("POST", "/faults", { faults });
      expect(await names("/registry")).toEqual(["two"]);
      const count = await client.ask<{ total: number }>("GET", "/registry/count?network=Preprod");
      expect(count.body.data.total).toBe(2);
      expect(await names("/registry")).toEqual([]);
      expect(await names("/registry/diff")).toEqual(["one"]);
      expect(await names("/registry")).toEqual(["two", "one"]);
    } finally {
      await sandbox.close();
    }
  });
});
