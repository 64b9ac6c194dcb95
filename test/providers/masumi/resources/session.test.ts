import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRegistrationProvider } from "../../../../providers/masumi/resources/registration-host.ts";
import { EngineLog } from "../../../../providers/masumi/resources/engine-log.ts";
import { Session } from "../../../../providers/masumi/resources/session.ts";
import { readSettings } from "../../../../providers/masumi/resources/settings.ts";
import { confirmationOf, failureOf, inputsOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startAgent, startEngine } from "../servers.ts";
import { WORLDS, startService } from "../service.ts";

const reader = (values: Record<string, unknown>) => (key: string) => values[key];
const minimal = { "masumi:paymentServiceUrl": "https://pay.example/api/v1", "masumi:apiKey": "stack-key" };

describe("settings", () => {
  test("have defaults", () => {
    expect(readSettings(reader(minimal), {})).toEqual({
      url: "https://pay.example/api/v1",
      apiKey: "stack-key",
      waitMinutes: undefined,
      settleSeconds: 30,
      allowDeregister: [],
      otherRegistrations: [],
      confirmMainnet: false,
      maxLovelace: undefined,
      owner: "",
      ledger: undefined,
      aws: { region: undefined, profile: undefined },
      allowedByEnvironment: undefined,
      forceDeregister: false,
    });
  });

  test.each([
    ["1", true],
    ["yes", true],
    ["0", false],
    ["false", false],
    ["", false],
  ])("take MASUMI_FORCE_DEREGISTER=%s as %s", (value, forceDeregister) => {
    expect(readSettings(reader(minimal), { MASUMI_FORCE_DEREGISTER: value })).toMatchObject({
      forceDeregister,
    });
  });

  test("take the bucket of the ledger as it is set, and its region and profile from the AWS provider's", () => {
    const values = { ...minimal, "masumi:ledger": '{"bucket":"audit"}', "aws:profile": "deploy" };
    expect(readSettings(reader(values), { AWS_REGION: "eu-west-1" })).toMatchObject({
      ledger: { bucket: "audit" },
      aws: { region: "eu-west-1", profile: "deploy" },
    });
    const broken = { ...minimal, "masumi:ledger": '{"bucket":""}' };
    expect(() => readSettings(reader(broken), {})).toThrow(/SETTING_INVALID: masumi:ledger is no bucket/);
  });

  test("are texts, as the stack's file has them", () => {
    const values = {
      ...minimal,
      "masumi:waitMinutes": "5",
      "masumi:settleSeconds": "7",
      "masumi:maxAda": "12.5",
      "masumi:allowDeregister": '["a","b"]',
    };
    expect(readSettings(reader(values), {})).toMatchObject({
      waitMinutes: 5,
      settleSeconds: 7,
      maxLovelace: 12_500_000n,
      allowDeregister: ["a", "b"],
    });
  });

  test("take the key of today's environment before the one of the stack", () => {
    expect(readSettings(reader(minimal), { MASUMI_API_KEY: "todays-key" }).apiKey).toBe("todays-key");
    expect(readSettings(reader(minimal), { MASUMI_API_KEY: "" }).apiKey).toBe("stack-key");
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ["no URL", { "masumi:apiKey": "k" }, "SETTING_MISSING", "masumi:paymentServiceUrl"],
    ["no key", { "masumi:paymentServiceUrl": "https://pay.example" }, "SETTING_MISSING", "MASUMI_API_KEY"],
    ["no amount", { ...minimal, "masumi:maxAda": "lots" }, "SETTING_INVALID", "masumi:maxAda"],
    ["no number", { ...minimal, "masumi:waitMinutes": "long" }, "SETTING_INVALID", "masumi:waitMinutes"],
    [
      "a negative number",
      { ...minimal, "masumi:settleSeconds": "-1" },
      "SETTING_INVALID",
      "masumi:settleSeconds",
    ],
    [
      "no JSON",
      { ...minimal, "masumi:allowDeregister": "a, b" },
      "SETTING_INVALID",
      "masumi:allowDeregister",
    ],
    ["no list", { ...minimal, "masumi:allowDeregister": "{}" }, "SETTING_INVALID", "masumi:allowDeregister"],
  ])("that cannot be used are named: %s", async (_name, values, code, name) => {
    const failure = await failureOf(Promise.resolve().then(() => readSettings(reader(values), {})));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(name);
  });
});

describe("a provider that is being configured", () => {
  test("lets calls of the same moment wait for it", async () => {
    await using service = await startService();
    const env = { MASUMI_FORGET_REGISTRATION: "all" };
    const session = new Session(new EngineLog(""), { env });
    const provider = createRegistrationProvider(session);
    const values: Record<string, string> = {
      "masumi:paymentServiceUrl": service.url,
      "masumi:apiKey": "sandbox-pay-key",
    };
    const get = (key: string) => values[key];
    const configuring = provider.configure?.({ config: { get, require: (key) => get(key) ?? "" } });
    const calls = Array.from({ length: 20 }, (_, index) =>
      Promise.resolve(provider.read?.(`row-${index}`, startOutputs())),
    );
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, () => ({ id: "" })));
    await configuring;
  });

  test("with wrong settings fails what needs the service, and lets check pass", async () => {
    const run = startRun("http://pay.example/api/v1");
    const inputs = inputsOf();
    expect((await run.check(inputs)).failures).toEqual([]);
    expect(await failureOf(run.read("row", startOutputs()))).toMatchObject({ code: "INSECURE_URL" });
  });

  test("that was never configured says so", async () => {
    expect(await failureOf(new Session(new EngineLog("")).client())).toMatchObject({
      code: "SETTING_MISSING",
    });
  });
});

describe("an admin key", () => {
  const warnings = async (token: string) => {
    await using service = await startService();
    await using engine = await startEngine();
    await using agent = await startAgent();
    const inputs = (agentId: string) =>
      inputsOf({ agentId, listing: { apiBaseUrl: agent.url, name: agentId } });
    const run = startRun(service.url, { engine, token });
    const [first] = await Promise.all(["first", "second"].map((agentId) => run.create(inputs(agentId))));
    if (!first) throw new Error("nothing was created");
    await run.remove(first.id, { ...first.outs, agentId: "other" });
    await startRun(service.url, { token }).read(first.id, first.outs);
    expect((await service.requests())["GET /api-key-status"]).toBe(1);
    return engine.messages.filter(({ message }) => message.includes("admin key"));
  };

  test("draws one warning per run, which says what is enough", async () => {
    const [warning, ...more] = await warnings("sandbox-admin-key");
    expect(warning).toMatchObject({ severity: 2, ephemeral: false });
    expect(warning?.message).toContain("A ReadAndPay key limited to the selling wallets is enough");
    expect(more).toEqual([]);
  });

  test("is told from a key that may pay", async () => {
    expect(await warnings("sandbox-pay-key")).toEqual([]);
  });
});

test("no message shows the API key", async () => {
  await using engine = await startEngine();
  const run = startRun("https://pay.example/api/v1", { engine, token: "sentinel-key-0123" });
  await run.session.client();
  run.session.note("warning", "urn", "the key is sentinel-key-0123");
  run.session.progress("urn", "the key is sentinel-key-0123");
  await run.session.flush();
  expect(engine.messages.map(({ message }) => message)).toEqual(["the key is ***", "the key is ***"]);
});

test("nothing that goes to the state, the engine or an error shows the API key", async () => {
  const token = "sentinel-key-of-the-stack-0123";
  const world = { ...WORLDS["V2 only"], keys: [{ token, permission: "ReadAndPay" }] };
  await using service = await startService({ world, chainSpeed: "instant" });
  await using engine = await startEngine();
  await using agent = await startAgent();
  const run = startRun(service.url, { engine, token });
  const inputs = inputsOf({ listing: { apiBaseUrl: agent.url } });
  await service.fault({ route: "POST /registry", kind: "lost-after-write" });
  const { id, outs } = await run.create(inputs);
  const confirmed = await run.confirm(confirmationOf(id, inputs));
  const read = await run.read(id, outs);
  await service.fault({ route: "POST /registry/update", kind: "lost-before-write" });
  const news = { ...inputs, settleSeconds: 0, listing: { ...inputs.listing, name: "Renamed" } };
  const failure = await failureOf(run.update(id, outs, news));
  const refused = await failureOf(startRun(service.url, { token: `${token}-wrong` }).create(inputs));
  const shown = [outs, confirmed, read, failure, failure.message, refused, refused.message, engine.messages];
  expect(JSON.stringify(shown)).toContain("UPDATE_UNCLEAR");
  expect(JSON.stringify(shown)).not.toContain("sentinel");
});

test("an engine that listens on a socket is told, and is missed when it is gone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "engine-socket-"));
  try {
    const engine = await startEngine(`unix:${join(folder, "engine")}`);
    const log = new EngineLog(engine.address);
    log.note({ severity: "info", message: "hello" });
    await log.flush();
    expect(engine.messages.map(({ message }) => message)).toEqual(["hello"]);
    expect(await log.isRunAlive()).toBe(true);
    await engine[Symbol.asyncDispose]();
    expect(await log.isRunAlive()).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("without an engine nothing is said and everything goes on", async () => {
  for (const address of [undefined, "", "--flag", "not an address"]) {
    const log = new EngineLog(address);
    log.note({ severity: "info", message: "hello" });
    await log.flush();
    expect(await log.isRunAlive()).toBe(true);
  }
});

const startOutputs = () => ({
  ...inputsOf(),
  stateVersion: 1,
  content: "",
  revision: "1",
  state: "RegistrationConfirmed",
  error: "",
  apiBaseUrl: "https://agent.example.com/api",
  agentIdentifier: "",
});
