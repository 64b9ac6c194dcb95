import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type * as Grpc from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type * as ProviderGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, describe, expect, test, vi } from "vitest";
import { CONFIRMATION_SHIM, REGISTRATION_SHIM } from "../../../providers/masumi/shim.ts";
import { confirmationOf, inputsOf } from "./inputs.ts";
import { type Engine, startAgent, startEngine } from "./servers.ts";
import { startService } from "./service.ts";

const root = join(import.meta.dirname, "../../..");
const load = createRequire(import.meta.url);
const grpc = createRequire(load.resolve("@pulumi/pulumi"))("@grpc/grpc-js") as typeof Grpc;
const { ResourceProviderClient } = load("@pulumi/pulumi/proto/provider_grpc_pb") as typeof ProviderGrpc;
const messages = load("@pulumi/pulumi/proto/provider_pb") as typeof Messages;
const { Struct: StructClass } = load("google-protobuf/google/protobuf/struct_pb") as {
  Struct: typeof Struct;
};

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

describe.concurrent("the texts that the state keeps as providers", () => {
  /*
   * Frozen: every state ever written holds them, and a destroy evaluates them in the program's folder. A change
   * would leave registrations that nobody can deregister.
   */
  test("never change", () => {
    expect(REGISTRATION_SHIM).toBe(
      'exports.handler = () => require("../providers/masumi/host.ts").registration',
    );
    expect(CONFIRMATION_SHIM).toBe(
      'exports.handler = () => require("../providers/masumi/host.ts").confirmation',
    );
  });

  test.each([REGISTRATION_SHIM, CONFIRMATION_SHIM])(
    "lead to a provider in the program's folder: %s",
    async (shim) => {
      const code = `
      const handler = require("require-from-string")(${JSON.stringify(shim)}).handler;
      console.log(Object.keys(handler()).toSorted().join());`;
      const child = spawn(process.execPath, ["-e", code], {
        cwd: join(root, "infra"),
        stdio: ["ignore", "pipe", "pipe"],
      });
      const output = await outputOf(child);
      expect(output.text).toBe("check,configure,create,delete,diff,read,update\n");
    },
  );
});

test("no file of the provider has anything at module level that is a secret or a setting", () => {
  const folder = join(root, "providers/masumi");
  for (const file of readdirSync(folder)) {
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
  const inputs = { ...inputsOf({ listing: { apiBaseUrl: agent.url } }), __provider: REGISTRATION_SHIM };
  const checked = await host.check(inputs);
  expect(checked).toMatchObject({ agentId: "market-researcher", __provider: REGISTRATION_SHIM });

  const { id, properties } = await host.create(checked);
  expect(properties).toMatchObject({ state: "RegistrationRequested", __provider: REGISTRATION_SHIM });
  const confirmation = { ...confirmationOf(id, inputsOf()), __provider: CONFIRMATION_SHIM };
  const confirming = host.create(confirmation);
  await vi.waitFor(
    () => expect(engine.messages.map(({ urn }) => urn)).toContain(confirmation.resourceUrn),
    10_000,
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
    10_000,
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

test.concurrent("a mistake is told without a stack and without the key", async () => {
  await using service = await startService();
  await using engine = await startEngine();
  await using host = await startProviderHost(engine, {});
  await host.configure({
    "masumi:paymentServiceUrl": service.url,
    "masumi:apiKey": "sentinel-wrong-key-0123",
  });
  const outputs = { ...inputsOf(), __provider: REGISTRATION_SHIM };
  await expect(host.read("row", outputs)).rejects.toThrow(/KEY_REFUSED: .*Check masumi:apiKey/);
  expect(host.output()).toContain("KEY_REFUSED");
  expect(host.output()).not.toMatch(/\n\s+at /);
  expect(host.output()).not.toContain("sentinel");
});

async function outputOf(child: ChildProcess): Promise<{ text: string }> {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  return { text };
}

/** The SDK's provider host, started as the engine starts it: in the program's folder, with its own address. */
async function startProviderHost(engine: Engine, env: Record<string, string>) {
  const main = load.resolve("@pulumi/pulumi/cmd/dynamic-provider");
  const child = spawn(process.execPath, [main, engine.address], {
    cwd: join(root, "infra"),
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const lines = createInterface({ input: child.stdout });
  const [port] = (await once(lines, "line")) as [string];
  lines.on("line", (line) => (output += `${line}\n`));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());

  const toStruct = (value: object) => StructClass.fromJavaScript(value as never);
  const toObject = (struct: Struct | undefined) => (struct?.toJavaScript() ?? {}) as Record<string, unknown>;
  const call = <Answer>(send: (done: (error: Error | null, answer: Answer) => void) => void) =>
    new Promise<Answer>((resolve, reject) =>
      send((error, answer) => (error ? reject(error) : resolve(answer))),
    );

  return {
    output: () => output,
    configure: (values: object) => {
      const request = new messages.ConfigureRequest();
      request.setArgs(toStruct(values));
      return call<Messages.ConfigureResponse>((done) => client.configure(request, done));
    },
    check: async (news: object) => {
      const request = new messages.CheckRequest();
      request.setOlds(toStruct({}));
      request.setNews(toStruct(news));
      const answer = await call<Messages.CheckResponse>((done) => client.check(request, done));
      return toObject(answer.getInputs());
    },
    create: async (properties: object) => {
      const request = new messages.CreateRequest();
      request.setProperties(toStruct(properties));
      const answer = await call<Messages.CreateResponse>((done) => client.create(request, done));
      return { id: answer.getId(), properties: toObject(answer.getProperties()) };
    },
    read: async (id: string, properties: object) => {
      const request = new messages.ReadRequest();
      request.setId(id);
      request.setProperties(toStruct(properties));
      const answer = await call<Messages.ReadResponse>((done) => client.read(request, done));
      return { id: answer.getId(), properties: toObject(answer.getProperties()) };
    },
    remove: async (id: string, properties: object) => {
      const request = new messages.DeleteRequest();
      request.setId(id);
      request.setProperties(toStruct(properties));
      await call<unknown>((done) => client.delete(request, done));
    },
    [Symbol.asyncDispose]: async () => {
      client.close();
      child.kill();
      await once(child, "close");
    },
  };
}
