import { readFileSync, globSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { PROVIDER_TEXTS } from "../../../../providers/provider-texts.ts";
import { confirmationOf, inputsOf } from "../inputs.ts";
import { root, startProviderHost } from "../provider-host.ts";
import { startRun } from "../run.ts";
import { startAgent, startEngine } from "../servers.ts";
import { startService } from "../service.ts";

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

/** Processes start slowly on a machine that has much to do. */
const SLOWLY = 60_000;
vi.setConfig({ testTimeout: 3 * SLOWLY });

test("no file of the provider has anything at module level that is a secret or a setting", () => {
  const folder = join(root, "providers/masumi");
  for (const file of globSync("**/*.ts", { cwd: folder })) {
    const source = readFileSync(join(folder, file), "utf8");
    const topLevel = source
      .split("\n")
      .filter((line) => /^(export )?(const|let|var) .*process\.env/.test(line));
    expect({ file, topLevel }).toEqual({ file, topLevel: [] });
  }
});

test.concurrent("a whole life through the engine's protocol, in the real provider host", async () => {
  await using service = await startService({ chainSpeed: 0 });
  await using engine = await startEngine();
  await using host = await startProviderHost(engine, { MASUMI_API_KEY: "sandbox-pay-key" });
  await host.configure({
    "masumi:paymentServiceUrl": service.url,
    "masumi:apiKey": "sentinel-of-the-stack-0123",
    "masumi:waitMinutes": "1",
  });
  const inputs = {
    ...inputsOf({ listing: { apiBaseUrl: agent.url } }),
    __provider: PROVIDER_TEXTS.AgentRegistration,
  };
  const checked = await host.check(inputs);
  expect(checked).toMatchObject({
    agentId: "market-researcher",
    __provider: PROVIDER_TEXTS.AgentRegistration,
  });

  const { id, properties } = await host.create(checked);
  expect(properties).toMatchObject({
    state: "RegistrationRequested",
    __provider: PROVIDER_TEXTS.AgentRegistration,
  });
  const confirmation = { ...confirmationOf(id, inputsOf()), __provider: PROVIDER_TEXTS.AgentConfirmation };
  const confirming = host.create(confirmation);
  await vi.waitFor(
    () => expect(engine.messages.map(({ urn }) => urn)).toContain(confirmation.resourceUrn),
    SLOWLY,
  );
  await service.advance(30);
  await service.advance(120);
  expect((await confirming).properties).toMatchObject({ state: "RegistrationConfirmed" });

  const read = await host.read(id, properties);
  expect(read.id).toBe(id);
  expect(read.properties).toMatchObject({ state: "RegistrationConfirmed" });

  await using laterHost = await startProviderHost(engine, { MASUMI_API_KEY: "sandbox-pay-key" });
  await laterHost.configure({ "masumi:paymentServiceUrl": service.url });
  const removing = laterHost.remove(id, read.properties);
  await vi.waitFor(
    async () => expect(await service.rows()).toMatchObject([{ state: "DeregistrationRequested" }]),
    SLOWLY,
  );
  await service.advance(30);
  await service.advance(120);
  await removing;
  expect(await service.rows()).toMatchObject([{ id, state: "DeregistrationConfirmed" }]);
  expect(await laterHost.read(id, read.properties)).toEqual({
    id: "",
    properties: expect.anything() as unknown,
  });
  expect(host.output() + laterHost.output()).toBe("");
});

test.concurrent(
  "a host that is killed in its POST, which the service writes late, leads to no second mint",
  async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const settings = {
      "masumi:paymentServiceUrl": service.url,
      "masumi:apiKey": "sandbox-pay-key",
      "masumi:settleSeconds": "10",
    };
    const inputs = {
      ...inputsOf({ listing: { apiBaseUrl: agent.url } }),
      __provider: PROVIDER_TEXTS.AgentRegistration,
    };
    await service.fault({ route: "POST /registry", kind: "late-write", ms: 3_000 });
    await using first = await startProviderHost(engine, {});
    await first.configure(settings);
    const dying = first.create(inputs).catch(() => "killed");
    await vi.waitFor(async () => expect(await service.requests()).toMatchObject({ "POST /registry": 1 }), {
      timeout: SLOWLY,
      interval: 20,
    });
    await first.kill();
    expect(await dying).toBe("killed");
    expect(await service.rows()).toEqual([]);

    await using second = await startProviderHost(engine, {});
    await second.configure(settings);
    const { id } = await second.create(inputs);
    expect((await service.rows()).map((row) => row.id)).toEqual([id]);
    expect(await service.requests()).toMatchObject({ "POST /registry": 1 });
  },
);

test.concurrent("twenty deletes at the start of a destroy wait for a configure that is slow", async () => {
  await using service = await startService();
  await using engine = await startEngine();
  const run = startRun(service.url);
  const agents = await Promise.all(
    Array.from({ length: 20 }, (_, index) => {
      const listing = { apiBaseUrl: agent.url, name: `Agent ${index}` };
      return run.create(inputsOf({ agentId: `agent-${index}`, listing }));
    }),
  );
  await using host = await startProviderHost(engine, { MASUMI_API_KEY: "sandbox-pay-key" });
  // Sent at once, so the deletes reach the provider before its configure has ended.
  await Promise.all([
    host.configure({ "masumi:paymentServiceUrl": service.url }),
    ...agents.map(({ id, outs }) =>
      host.remove(id, { ...outs, __provider: PROVIDER_TEXTS.AgentRegistration }),
    ),
  ]);
  expect(new Set((await service.rows()).map(({ state }) => state))).toEqual(
    new Set(["DeregistrationConfirmed"]),
  );
  expect((await service.requests())["POST /registry/deregister"]).toBe(20);
});

test.concurrent("a mistake is told without a stack and without the key", async () => {
  await using service = await startService();
  await using engine = await startEngine();
  await using host = await startProviderHost(engine, {});
  await host.configure({
    "masumi:paymentServiceUrl": service.url,
    "masumi:apiKey": "sentinel-wrong-key-0123",
  });
  const outputs = { ...inputsOf(), __provider: PROVIDER_TEXTS.AgentRegistration };
  await expect(host.read("row", outputs)).rejects.toThrow(/KEY_REFUSED: .*Check masumi:apiKey/);
  expect(host.output()).toContain("KEY_REFUSED");
  expect(host.output()).not.toMatch(/\n\s+at /);
  expect(host.output()).not.toContain("sentinel");
});
