import { describe, expect, it } from "vitest";
import { drift } from "../../cli/commands/drift.ts";
import type { DriftDocument } from "../../stacks/documents.ts";
import { runStack } from "../../stacks/index.ts";
import { type RegistryServiceDouble, startRegistryService } from "../helpers/registry-service.ts";
import { OWNER } from "../infra/fleet/stack.ts";
import { startWriterStack } from "../stacks/writer-stack.ts";
import { CliStack } from "./stack.ts";

const AGENTS = { online: {}, invalid: { url: "http://127.0.0.1:9/invalid" }, updated: {} };

/** A stack whose agents are as declared; the registry knows two of them. */
async function startFleet(registry: RegistryServiceDouble): Promise<CliStack> {
  const stack = await CliStack.start({ registryServiceUrl: registry.url, allowPrivateUrls: "true" });
  stack.declare(AGENTS);
  const rows = await stack.register(AGENTS, OWNER);
  for (const [id, status] of [
    ["online", "Online"],
    ["invalid", "Invalid"],
  ] as const) {
    const agentIdentifier = rows[id]?.agentIdentifier ?? "";
    registry.agents.push({ agentIdentifier, status, createdAt: "2026-11-01T00:00:00.000Z" });
  }
  return stack;
}

const driftOf = (stack: CliStack, env: Record<string, string | undefined>, json = false) =>
  stack.run((project) => drift(project, { stack: "preprod", json }), env);

describe("masumi-agents drift with a registry service", () => {
  it("shows what it says, which is no drift", async () => {
    await using registry = await startRegistryService("ranking");
    await using stack = await startFleet(registry);
    const { exitCode, stdout } = await driftOf(stack, { MASUMI_REGISTRY_KEY: registry.key });
    expect(stdout).toMatch(
      /^online: as declared .*\n {2}registry: Online, online in 100 % of 10 checks, rank 1 \(score 0\.\d\d\), first seen 2026-11-01 \(\d+ days\)$/m,
    );
    expect(stdout).toMatch(
      /^invalid: as declared .*\n {2}registry: Invalid, .*\n {4}no connection \(ECONNREFUSED\)\.$/m,
    );
    expect(stdout).toMatch(
      /^updated: as declared .*\n {2}registry: not listed\n {4}The registry lists a new agent,/m,
    );
    expect(stdout).toContain("No drift: all that was compared is as declared.");
    expect(exitCode).toBe(0);
  });

  it("hands it to programs", async () => {
    await using registry = await startRegistryService("0.24");
    await using stack = await startFleet(registry);
    const { exitCode, stdout } = await driftOf(stack, { MASUMI_REGISTRY_KEY: registry.key }, true);
    const document = JSON.parse(stdout) as DriftDocument;
    expect(document).toMatchObject({ drifted: false, registry: { problem: null } });
    const told = document.agents.map(({ id, registry: said }) => [id, said?.status, said?.rank]);
    expect(told).toEqual([
      ["invalid", "Invalid", null],
      ["online", "Online", null],
      ["updated", null, null],
    ]);
    expect(exitCode).toBe(0);
  });

  it.each<[what: string, env: Record<string, string | undefined>, said: RegExp]>([
    [
      "a key is missing",
      { MASUMI_REGISTRY_KEY: undefined },
      /there is no key: .* --secret masumi:registryKey$/m,
    ],
    ["its key is refused", { MASUMI_REGISTRY_KEY: "wrong" }, /status 401\. It says: Invalid token$/m],
  ])("says in a line that %s, and compares all the same", async (_what, env, said) => {
    await using registry = await startRegistryService("ranking");
    await using stack = await startFleet(registry);
    const { exitCode, stdout } = await driftOf(stack, env);
    expect(stdout).toMatch(said);
    expect(stdout).toContain("No drift: all that was compared is as declared.");
    expect(exitCode).toBe(0);
  });

  it("says that only Pulumi can read a key that is a secret, and asks nobody", async () => {
    await using registry = await startRegistryService("ranking");
    await using stack = await startFleet(registry);
    stack.configure({
      registryServiceUrl: registry.url,
      allowPrivateUrls: "true",
      registryKey: { secure: "v1:only-pulumi-can-read:this" },
    });
    const { stdout } = await driftOf(stack, { MASUMI_REGISTRY_KEY: undefined });
    expect(stdout).toContain(
      "masumi:registryKey is a secret, which only Pulumi can read: set MASUMI_REGISTRY_KEY",
    );
    expect(registry.queries).toEqual([]);
  });

  it("asks nobody where the stack names none", async () => {
    await using stack = await CliStack.start();
    stack.declare({ online: {} });
    await stack.register({ online: {} }, OWNER);
    const { stdout } = await driftOf(stack, { MASUMI_REGISTRY_KEY: "unused" }, true);
    const document = JSON.parse(stdout) as DriftDocument;
    expect(document.registry).toBeNull();
    expect(document.agents[0]?.registry).toBeNull();
  });
});

describe("masumi-agents status with a registry service", () => {
  it("has a column, one agent in full, and JSON; the key is nowhere", async () => {
    await using registry = await startRegistryService("ranking");
    await using stack = await startWriterStack();
    const { folder, project } = stack;
    const up = { stack: "local", operation: "up" } as const;
    expect(await runStack(project, up, { env: {}, onEvent: () => undefined })).toMatchObject({ exitCode: 0 });
    await folder.run("config", "set", "masumi:registryServiceUrl", registry.url);
    folder.env["MASUMI_REGISTRY_KEY"] = registry.key;

    const before = await folder.run("status");
    expect(before.stdout).toMatch(/^agent +state +registry +price +URL$/m);
    expect(before.stdout).toMatch(/^writer +available +not listed /m);
    const [agent] = (JSON.parse((await folder.run("status", "--json")).stdout) as Status).agents;
    expect(agent?.registry).toMatchObject({ status: null });

    const agentIdentifier = agent?.agentIdentifier ?? "";
    registry.agents.push({ agentIdentifier, uptime: [199, 200], createdAt: "2026-11-01T00:00:00.000Z" });
    const listed = await folder.run("status");
    expect(listed.stdout).toMatch(/^writer +available +Online /m);
    expect(listed.stdout).toMatch(/^ +99\.5 %, rank 1/m);
    const one = await folder.run("status", "writer");
    expect(one.stdout).toMatch(/^ +uptime +online in 99\.5 % of 200 checks, the last at 20/m);
    expect(one.stdout).toMatch(
      /^ +rank +1, score 0\.\d\d \(purchases 0\.00, uptime (?:0\.99|1\.00), age 0\.\d\d\)$/m,
    );

    await folder.run("config", "set", "masumi:registryServiceUrl", "nonsense");
    const wrong = await folder.run("status");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stdout).toMatch(
      /^Registrations that are not ours were not looked for: settings of stack local are wrong: masumi:registryServiceUrl: expected/m,
    );
    expect(wrong.stdout).not.toContain("MASUMI_API_KEY");
    expect((await folder.run("validate")).stderr).toMatch(/masumi:registryServiceUrl: expected/);
    await folder.run("config", "set", "masumi:registryServiceUrl", registry.url);

    registry.fault = { status: 503, body: "busy" };
    const failed = await folder.run("status");
    expect(failed).toMatchObject({ exitCode: 0 });
    expect(failed.stdout).toMatch(/^What the registry says is not known, .*: \[POST\] .*: status 503\.$/m);
    for (const { stdout, stderr } of [before, listed, one, failed]) {
      expect(stdout + stderr).not.toContain(registry.key);
    }
  }, 120_000);

  it("reads the key of a local stack, which is a secret", async () => {
    await using registry = await startRegistryService("ranking");
    await using stack = await startWriterStack();
    const { folder, project } = stack;
    const up = { stack: "local", operation: "up" } as const;
    await runStack(project, up, { env: {}, onEvent: () => undefined });
    await folder.run("config", "set", "masumi:registryServiceUrl", registry.url);
    const set = await folder.run("config", "set", "--secret", "masumi:registryKey", registry.key);
    expect(set).toMatchObject({ exitCode: 0 });
    const told = JSON.parse((await folder.run("status", "--json")).stdout) as Status;
    expect(told.registry).toEqual({ problem: null });
    expect(folder.read("Pulumi.local.yaml")).not.toContain(registry.key);
  }, 120_000);
});

interface Status {
  readonly registry: { readonly problem: string | null } | null;
  readonly agents: readonly {
    readonly agentIdentifier: string;
    readonly registry: { readonly status: string | null };
  }[];
}
