import { describe, expect, it } from "vitest";
import { type AskOptions, type RegistryHealth, askRegistry } from "../../../stacks/registry/health.ts";
import {
  type RegistryAgent,
  type RegistryRelease,
  type RegistryServiceDouble,
  startRegistryService,
} from "../../helpers/registry-service.ts";
import { startServer } from "../../providers/masumi/servers.ts";

const POLICY = "ab".repeat(28);
const identifier = (name: string) => `${POLICY}${Buffer.from(name.padEnd(32, "-")).toString("hex")}`;
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

/** An agent's own answer at /availability. */
const startAgent = (body: unknown) =>
  startServer((_request, response) => response.end(typeof body === "string" ? body : JSON.stringify(body)));

const ask = (
  service: Pick<RegistryServiceDouble, "url" | "key">,
  agents: Readonly<Record<string, string>>,
  options: Partial<AskOptions> = {},
) =>
  askRegistry(
    { url: service.url, key: service.key, network: "Preprod" },
    Object.entries(agents).map(([name, apiBaseUrl]) => ({
      agentIdentifier: identifier(name),
      probed: { apiBaseUrl },
    })),
    { allowPrivate: true, ...options },
  );

const NOWHERE = "http://127.0.0.1:9";

async function healthOf(
  release: RegistryRelease,
  known: Omit<RegistryAgent, "agentIdentifier">,
  url = NOWHERE,
): Promise<RegistryHealth | undefined> {
  const agents = [{ agentIdentifier: identifier("mine"), ...known }];
  await using service = await startRegistryService(release, agents);
  const { problem, agents: told } = await ask(service, { mine: url });
  expect(problem).toBeNull();
  return told.get(identifier("mine"));
}

describe("what a registry says of an agent", () => {
  it("is status, uptime, rank and age, where its release ranks", async () => {
    const createdAt = daysAgo(45);
    const agents = [
      { agentIdentifier: identifier("best"), purchases: 10, createdAt: daysAgo(300) },
      { agentIdentifier: identifier("mine"), purchases: 5, createdAt, uptime: [995, 1000] as const },
      { agentIdentifier: identifier("last"), uptime: [1, 10] as const },
      { agentIdentifier: identifier("gone"), purchases: 100, status: "Deregistered" as const },
    ];
    await using service = await startRegistryService("ranking", agents);
    const { problem, agents: told } = await ask(service, { mine: NOWHERE });
    expect(problem).toBeNull();
    const health = told.get(identifier("mine"));
    expect(health).toMatchObject({ status: "Online", reason: null, uptimePercent: 99.5, checks: 1000 });
    expect(health).toMatchObject({ firstSeenAt: createdAt, supersedes: false });
    expect(health?.rank).toMatchObject({ place: 2, purchases: 0.5, uptime: 0.995 });
    expect(health?.rank?.age).toBeCloseTo(0.5, 3);
    expect(health?.rank?.score).toBeCloseTo((0.5 + 0.995 + 0.5) / 3, 3);
  });

  it.each<[RegistryRelease, Partial<RegistryHealth>]>([
    ["0.24", { rank: null, supersedes: null, firstSeenAt: expect.any(String) as string }],
    ["oldest", { rank: null, supersedes: null, firstSeenAt: null }],
  ])("lacks what release %s does not tell", async (release, lacking) => {
    const health = await healthOf(release, { uptime: [9, 12] });
    expect(health).toMatchObject({ status: "Online", uptimePercent: 75, checks: 12, ...lacking });
  });

  it("is no uptime before the first check", async () => {
    const health = await healthOf("0.24", { uptime: [0, 0], status: "Offline" });
    expect(health).toMatchObject({ uptimePercent: null, checks: 0, checkedAt: null });
  });

  it("says that an identifier replaced another one", async () => {
    expect(await healthOf("ranking", { supersedes: identifier("old") })).toMatchObject({ supersedes: true });
  });

  it("is nothing of an identifier that it has not seen yet, or on another network", async () => {
    const agents = [
      { agentIdentifier: identifier("before the update") },
      { agentIdentifier: identifier("mine"), network: "Mainnet" as const },
    ];
    await using service = await startRegistryService("ranking", agents);
    const { problem, agents: told } = await ask(service, { mine: NOWHERE });
    expect(problem).toBeNull();
    expect(told.get(identifier("mine"))).toMatchObject({ status: null, uptimePercent: null, rank: null });
  });
});

describe("why an agent is not online", () => {
  it.each<[unknown, string]>([
    [{ type: "masumi-agent", agentIdentifier: identifier("other") }, "another agentIdentifier: abab"],
    [{ status: "ok" }, "without type masumi-agent or an agentIdentifier"],
    ["<html>", "not JSON"],
  ])("Invalid: %j", async (answer, reason) => {
    await using agent = await startAgent(answer);
    const health = await healthOf("ranking", { status: "Invalid" }, agent.url);
    expect(health?.reason).toContain(reason);
  });

  it("Offline: it does not answer", async () => {
    const health = await healthOf("0.24", { status: "Offline" });
    expect(health).toMatchObject({ status: "Offline", reason: "no connection (ECONNREFUSED)" });
  });

  it("the agent answers as it should by now", async () => {
    await using agent = await startAgent({ type: "masumi-agent", agentIdentifier: identifier("mine") });
    const health = await healthOf("ranking", { status: "Invalid" }, agent.url);
    expect(health?.reason).toContain("seen from here it answers as it should");
  });

  it("is not waited for too long, and what the registry says is known all the same", async () => {
    await using silent = await startServer(() => undefined);
    await using service = await startRegistryService("ranking", [
      { agentIdentifier: identifier("mine"), status: "Offline" },
    ]);
    const { problem, agents } = await ask(service, { mine: silent.url }, { withinMs: 300 });
    expect(problem).toBe("not everything was answered within 0.3 s.");
    expect(agents.get(identifier("mine"))).toMatchObject({ status: "Offline", reason: null });
  });

  it("the agent is at a private address", async () => {
    await using service = await startRegistryService("0.24", [
      { agentIdentifier: identifier("mine"), status: "Invalid" },
    ]);
    const { agents } = await ask(service, { mine: NOWHERE }, { allowPrivate: false });
    expect(agents.get(identifier("mine"))?.reason).toBe("its address is one that the network cannot reach");
  });

  it("is not looked for where the registry reads a document that is not known here", async () => {
    expect(await healthOf("ranking", { status: "Invalid", type: "A2A" })).toMatchObject({ reason: null });
  });
});

describe("a ranking of several pages", () => {
  const many = (count: number): RegistryAgent[] =>
    Array.from({ length: count }, (_, index) => ({
      agentIdentifier: identifier(`number ${index}`),
      purchases: count - index,
    }));

  it("is read as far as the last agent that is looked for", async () => {
    await using service = await startRegistryService("ranking", many(200));
    const { agents } = await ask(service, { "number 0": NOWHERE, "number 120": NOWHERE });
    expect(agents.get(identifier("number 0"))?.rank?.place).toBe(1);
    expect(agents.get(identifier("number 120"))?.rank?.place).toBe(121);
    expect(service.queries.filter(({ sortBy }) => sortBy)).toHaveLength(3);
  });

  it("is read no further than ten pages", async () => {
    await using service = await startRegistryService("ranking", many(700));
    const { problem, agents } = await ask(service, { "number 650": NOWHERE });
    expect(problem).toBeNull();
    expect(agents.get(identifier("number 650"))).toMatchObject({ status: "Online", rank: null });
    expect(service.queries.filter(({ sortBy }) => sortBy)).toHaveLength(10);
  });

  it("is asked for once of a release that does not rank, and never for agents that are not online", async () => {
    await using old = await startRegistryService("0.24", many(120));
    await ask(old, { "number 0": NOWHERE });
    expect(old.queries.filter(({ sortBy }) => sortBy)).toHaveLength(1);
    await using service = await startRegistryService("ranking", many(1));
    await ask(service, { nobody: NOWHERE });
    expect(service.queries).toHaveLength(1);
  });
});

describe("a registry that cannot be asked is told in one line", () => {
  const problemWith = async (fault: RegistryServiceDouble["fault"], options: Partial<AskOptions> = {}) => {
    await using service = await startRegistryService("ranking", [{ agentIdentifier: identifier("mine") }]);
    service.fault = fault;
    const { problem, agents } = await ask(service, { mine: NOWHERE }, options);
    expect(agents.size).toBe(0);
    expect(problem).not.toContain("\n");
    expect(problem).not.toContain(service.key);
    return problem;
  };

  it("with another key than its own", async () => {
    await using service = await startRegistryService("ranking");
    const { problem } = await ask({ url: service.url, key: "another-key" }, { mine: NOWHERE });
    expect(problem).toBe(`[POST] ${service.url}/registry-entry: status 401. It says: Invalid token`);
  });

  it("when nobody is there", async () => {
    const { problem } = await ask({ url: "http://127.0.0.1:9/api/v1", key: "k" }, { mine: NOWHERE });
    expect(problem).toContain("ECONNREFUSED");
  });

  it("when its address is one that no key is sent to", async () => {
    const { problem } = await ask({ url: "http://registry.example.com/api/v1", key: "k" }, { mine: NOWHERE });
    expect(problem).toBe("The registry service's address is http://registry.example.com. It must be https.");
  });

  it("when it says its key, with control characters", async () => {
    const body = JSON.stringify({
      status: "error",
      error: { message: "no\n\u001b[31m registry-key-for-tests" },
    });
    expect(await problemWith({ status: 500, body })).toMatch(
      /status 500\. It says: no\\n\\u001b\[31m \*\*\*$/,
    );
  });

  it.each([
    ["no JSON", "<html>", "not JSON"],
    ["something else", '{"status":"success","data":{"Assets":[]}}', "not one that a Masumi registry service"],
    ["far too much", `"${"x".repeat(6 * 1024 * 1024)}"`, "larger than 5 MB"],
  ])("when it answers with %s", async (_what, body, said) => {
    expect(await problemWith({ status: 200, body })).toContain(said);
  });

  it("when it does not answer in time", async () => {
    expect(await problemWith("silence", { withinMs: 200 })).toBe("not everything was answered within 0.2 s.");
  });

  it("but a caller who gives up hears its own reason", async () => {
    await using service = await startRegistryService("ranking");
    service.fault = "silence";
    const signal = AbortSignal.abort(new Error("given up"));
    await expect(ask(service, { mine: NOWHERE }, { signal })).rejects.toThrow("given up");
  });
});
