import grpc from "@grpc/grpc-js";
import aliasPb from "@pulumi/pulumi/proto/alias_pb.js";
import callbackPb from "@pulumi/pulumi/proto/callback_pb.js";
import resourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { duplexPair } from "node:stream";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { up } from "../index.ts";
import { Crypter } from "../state/crypto.ts";
import { EventQueue } from "../run/events-queue.ts";
import { ResourceMonitor } from "../run/monitor.ts";
import { loadProject } from "../stack/project.ts";
import { goalOf, invocationOf } from "../run/request.ts";
import { Calls } from "../rpc/calls.cjs";
import { GrpcServer } from "../rpc/grpc.ts";
import { type EngineServices, servePipe } from "../rpc/service.ts";
import { StackConfig } from "../stack/stack-config.ts";
import { FileBackend } from "../state/backend.ts";
import { StateCodec } from "../state/codec.ts";
import { emptyState } from "../state/resource.ts";
import { openStack } from "../stack/stack.ts";
import { checkSdkVersion, findSdk } from "../stack/sdk.ts";
import { UNKNOWN } from "../values.ts";
import type { ProgramEvent } from "../steps/registration.ts";
import { TestProject } from "./helpers/project.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-refusals-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

type Request = InstanceType<typeof resourcePb.RegisterResourceRequest>;

const dynamic = (): Request =>
  new resourcePb.RegisterResourceRequest()
    .setType("pulumi-nodejs:dynamic/test:Thing")
    .setName("a")
    .setCustom(true);

const asset = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "x" };

describe("a registration", () => {
  it("of an ordinary dynamic resource is accepted", () => {
    expect(goalOf(dynamic(), undefined, "/")).toMatchObject({ name: "a", custom: true });
  });

  it.each<[string, (request: Request) => unknown, RegExp]>([
    ["a remote component", (r) => r.setRemote(true), /a remote component/u],
    ["import", (r) => r.setImportid("x"), /import/u],
    ["aliases in their old form", (r) => r.setAliasesList([new aliasPb.Alias()]), /aliases in their old/u],
    ["an alias that is no URN", (r) => r.setAliasurnsList(["nonsense"]), /not the URN of a resource/u],
    ["replaceOnChanges", (r) => r.setReplaceonchangesList(["x"]), /replaceOnChanges/u],
    ["replaceWith", (r) => r.setReplaceWithList(["x"]), /replaceWith/u],
    ["replacementTrigger", (r) => r.setReplacementTrigger(new structPb.Value()), /replacementTrigger/u],
    ["hideDiffs", (r) => r.setHidediffsList(["x"]), /hideDiffs/u],
    ["transforms", (r) => r.setTransformsList([new callbackPb.Callback()]), /transforms/u],
    ["state migrations", (r) => r.setStateMigrationsList([new callbackPb.Callback()]), /state migrations/u],
    [
      "resource hooks",
      (r) =>
        r.setHooks(new resourcePb.RegisterResourceRequest.ResourceHooksBinding().setBeforeCreateList(["x"])),
      /resource hooks/u,
    ],
    ["packageRef", (r) => r.setPackageref("x"), /packageRef/u],
    ["pluginDownloadURL", (r) => r.setPlugindownloadurl("https://example.com"), /pluginDownloadURL/u],
    ["plugin checksums", (r) => r.getPluginchecksumsMap().set("x", "y"), /plugin checksums/u],
    ["envVarMappings", (r) => r.getEnvvarmappingsMap().set("x", "y"), /envVarMappings/u],
    ["a snippet", (r) => r.setSnippetid("x"), /snippets/u],
    ["a version that is none", (r) => r.setType("aws:s3:Bucket").setVersion("latest"), /not a version/u],
    ["a stack reference", (r) => r.setType("pulumi:pulumi:StackReference"), /pulumi:pulumi:StackReference/u],
    ["a version of the dynamic provider", (r) => r.setVersion("1.0.0"), /a dynamic provider of a certain/u],
    [
      "a time-out that is none",
      (r) =>
        r.setCustomtimeouts(new resourcePb.RegisterResourceRequest.CustomTimeouts().setCreate("5 parsecs")),
      /"5 parsecs" is not a duration/u,
    ],
    [
      "a text for protect",
      (r) => r.setProtect("false" as never),
      /BAD_OPTION: .*"a": protect is not true or false/u,
    ],
    [
      "an Output for retainOnDelete",
      (r) => r.setRetainondelete({} as never),
      /retainOnDelete is not true or/u,
    ],
    [
      "a text for a list",
      (r) => r.setIgnorechangesList("ab" as never),
      /ignoreChanges is not a list of names/u,
    ],
    [
      "a number in a list",
      (r) => r.setAdditionalsecretoutputsList([1] as never),
      /additionalSecretOutputs is not a/u,
    ],
    ["a type of two parts", (r) => r.setType("aws:Bucket"), /has three parts/u],
    ["an asset", (r) => r.setObject(structPb.Struct.fromJavaScript({ a: asset })), /assets and archives/u],
  ])("with %s is refused by name", (_, change, message) => {
    const request = dynamic();
    change(request);
    expect(() => goalOf(request, undefined, "/")).toThrow(message);
  });

  it("has flags as protobuf writes them", () => {
    const request = dynamic()
      .setProtect(1 as never)
      .setRetainondelete(0 as never);
    expect(goalOf(request, undefined, "/")).toMatchObject({ protect: true, retainOnDelete: false });
  });

  it("that is refused ends the run, and nothing is created", async () => {
    const project = await TestProject.create();
    try {
      await project.want({ name: "a", options: { replaceOnChanges: ["kind"] } });
      const result = await up(project.options());
      expect(result.exitCode).toBe(1);
      expect(result.diagnostics[0]?.message).toMatch(/Thing "a": replaceOnChanges is not implemented/u);
      expect(await project.calls()).toEqual([]);
    } finally {
      await project.remove();
    }
  });
});

type Invoke = InstanceType<typeof resourcePb.ResourceInvokeRequest>;

describe("the call of a provider's function", () => {
  const call = (): Invoke => new resourcePb.ResourceInvokeRequest().setTok("box:index:lookup");

  it("is accepted when it asks for nothing special", () => {
    expect(invocationOf(call())).toEqual({ token: "box:index:lookup", args: {} });
  });

  it.each<[string, (request: Invoke) => unknown, RegExp]>([
    ["that is built in", (r) => r.setTok("pulumi:pulumi:getResource"), /the built-in function/u],
    ["with packageRef", (r) => r.setPackageref("x"), /packageRef/u],
    ["with pluginDownloadURL", (r) => r.setPlugindownloadurl("https://example.com"), /pluginDownloadURL/u],
    ["with plugin checksums", (r) => r.getPluginchecksumsMap().set("x", "y"), /plugin checksums/u],
    ["with dependsOn", (r) => r.setDependsonList(["urn:pulumi:dev::p::t::n"]), /dependsOn of functions/u],
    ["with an asset", (r) => r.setArgs(structPb.Struct.fromJavaScript({ a: asset })), /assets and archives/u],
  ])("%s is refused by name", (_, change, message) => {
    const request = call();
    change(request);
    expect(() => invocationOf(request)).toThrow(message);
  });
});

describe("a call of the protocol", () => {
  const monitor = new ResourceMonitor({
    project: "p",
    projectRoot: "/",
    stack: "s",
    config: [],
    preview: false,
    parallel: 1,
    events: new EventQueue<ProgramEvent>(),
    invoke: () => Promise.reject(new Error("no provider")),
  });
  const known = new Set([
    "getDeploymentInfo",
    "supportsFeature",
    "registerResource",
    "registerResourceOutputs",
    "invoke",
    "signalAndWaitForShutdown",
  ]);
  const unknown = Object.keys(resourceGrpc.ResourceMonitorService).filter((name) => !known.has(name));
  const refused: string[] = [];
  const services: EngineServices = {
    pipe: "pipe:1",
    monitor: monitor.handlers,
    engine: {},
    refused: (error) => refused.push(error.message),
  };
  beforeEach(() => refused.splice(0));

  /** What a call of a method is answered with, that is made by the SDK's own definition of it. */
  const errorOf = (client: unknown, name: string): Promise<unknown> => {
    const definition = (
      resourceGrpc.ResourceMonitorService as unknown as Record<string, { requestType: new () => object }>
    )[name];
    if (definition === undefined) throw new Error(name);
    return new Promise((resolve) => {
      (client as Record<string, (request: object, done: (error: unknown) => void) => void>)[name]?.(
        new definition.requestType(),
        resolve,
      );
    });
  };

  it.each(unknown)("ResourceMonitor.%s, which is not implemented, is refused by name", async (name) => {
    const [here, there] = duplexPair();
    servePipe(here, services);
    const piped: unknown = new Calls(there).client(resourceGrpc.ResourceMonitorService as never);
    expect(await errorOf(piped, name)).toMatchObject({ code: grpc.status.UNIMPLEMENTED });
    expect(refused).toEqual([expect.stringContaining(`ResourceMonitor.${name} is not implemented`)]);
    here.destroy();
    there.destroy();
  });

  it("is refused to a plugin too", async () => {
    const server = new GrpcServer(services);
    const client = new resourceGrpc.ResourceMonitorClient(
      await server.address(),
      grpc.credentials.createInsecure(),
    );
    expect(await errorOf(client, "call")).toMatchObject({
      code: grpc.status.UNIMPLEMENTED,
      details: expect.stringContaining("ResourceMonitor.call is not implemented"),
    });
    client.close();
    server.close();
    expect(refused).toHaveLength(1);
  });
});

describe("a state file", () => {
  const write = async (content: object): Promise<FileBackend> => {
    const backend = new FileBackend(folder, "p", "s");
    await backend.prepare();
    await writeFile(backend.stateFile, JSON.stringify(content));
    return backend;
  };
  const passphrase = { type: "passphrase", state: { salt: "x" } };

  it.each<[string, object, RegExp]>([
    ["of another version", { version: 4, checkpoint: { latest: {} } }, /another version than 3/u],
    ["with features", { version: 3, features: ["x"], checkpoint: { latest: {} } }, /features/u],
    ["with snippets", { version: 3, checkpoint: { latest: { snippets: [] } } }, /"snippets"/u],
    ["with extensions", { version: 3, checkpoint: { latest: { extensions: {} } } }, /"extensions"/u],
    [
      "of another secrets provider",
      { version: 3, checkpoint: { latest: { secrets_providers: { type: "service" } } } },
      /passphrase/u,
    ],
    ["that is no checkpoint", { version: 3 }, /not a checkpoint/u],
    ["whose latest is no object", { version: 3, checkpoint: { latest: [] } }, /must be an object/u],
  ])("%s is refused", async (_, content, message) => {
    const backend = await write(content);
    await expect(backend.read()).rejects.toThrow(message);
  });

  it("that is cut off is refused, and the state before the run named", async () => {
    const backend = await write({});
    await writeFile(backend.stateFile, '{"version": 3, "checkpoint": {');
    await expect(backend.read()).rejects.toMatchObject({
      code: "BAD_STATE",
      message: expect.stringContaining(`${backend.stateFile}.bak`),
    });
  });

  const signature = "4dabf18193072939515e22adb298388d";
  it.each<[string, unknown, string]>([
    [
      "that is not finite",
      { [signature]: "8ad145fe-0d11-4827-bfd7-1abcbf086f5c", value: "7ff8" },
      "NOT_IMPLEMENTED",
    ],
    [
      "that is secret and in the clear",
      { [signature]: "1b47061264138c4ac30d75fd1eb44270", plaintext: "1" },
      "BAD_STATE",
    ],
    [
      "whose ciphertext is of another stack",
      {
        [signature]: "1b47061264138c4ac30d75fd1eb44270",
        ciphertext: "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA==",
      },
      "BAD_CIPHERTEXT",
    ],
  ])("with a value %s is refused", async (_, value, code) => {
    const codec = new StateCodec(await Crypter.create("x"));
    const resource = {
      urn: "urn:pulumi:s::p::t:m:T::n",
      type: "t:m:T",
      custom: false,
      inputs: { a: [value] },
    };
    expect(() => codec.decode(resource)).toThrow(expect.objectContaining({ code }));
  });

  it("never gets a value that is not known yet", async () => {
    const codec = new StateCodec(await Crypter.create("x"));
    const resource = emptyState("urn:pulumi:s::p::t:m:T::n", "t:m:T", false);
    resource.outputs = { a: [UNKNOWN] };
    expect(() => codec.encode(resource)).toThrow(expect.objectContaining({ code: "UNKNOWN_IN_STATE" }));
  });

  it("of this engine's kind is read", async () => {
    const backend = await write({
      version: 3,
      checkpoint: { latest: { secrets_providers: passphrase, resources: [1] } },
    });
    expect(await backend.read()).toMatchObject({ salt: "x", resources: [1], pendingOperations: [] });
  });

  it.each([".gz", ".zst"])("that is compressed (%s) is refused", async (ending) => {
    const backend = new FileBackend(folder, "p", "s");
    await mkdir(dirname(backend.stateFile), { recursive: true });
    await writeFile(backend.stateFile + ending, "");
    await expect(backend.prepare()).rejects.toThrow(/compressed state/u);
  });

  it("in a folder of another layout is refused", async () => {
    const backend = new FileBackend(folder, "p", "s");
    await mkdir(join(folder, ".pulumi"));
    await writeFile(join(folder, ".pulumi/meta.yaml"), "version: 2\n");
    await expect(backend.prepare()).rejects.toThrow(/another version than 1/u);
  });

  it.each(["external", "taint", "viewOf", "replaceWith", "resourceHooks", "importID", "neverHeardOf"])(
    "with a resource that has the field %s is refused",
    async (field) => {
      const codec = new StateCodec(await Crypter.create("x"));
      const resource = { urn: "urn:pulumi:s::p::t:m:T::n", type: "t:m:T", custom: false, [field]: true };
      expect(() => codec.decode(resource)).toThrow(`the field "${field}"`);
    },
  );
});

describe("a project", () => {
  const project = async (yaml: string): Promise<void> => {
    await writeFile(join(folder, "Pulumi.yaml"), yaml);
  };

  it.each<[string, string, RegExp]>([
    ["of another language", "name: p\nruntime: python\n", /a runtime other than nodejs/u],
    [
      "with an unknown runtime option",
      "name: p\nruntime:\n  name: nodejs\n  options: { bun: true }\n",
      /runtime option "bun"/u,
    ],
    ["with configuration of its own", "name: p\nruntime: nodejs\nconfig: {}\n", /"config"/u],
    ["with options", "name: p\nruntime: nodejs\noptions: { refresh: always }\n", /"options"/u],
    ["with plugins", "name: p\nruntime: nodejs\nplugins: {}\n", /"plugins"/u],
    ["with an unknown key", "name: p\nruntime: nodejs\nfoo: 1\n", /unknown key "foo"/u],
    ["without a name", "runtime: nodejs\n", /"name"/u],
    ["whose program is not there", "name: p\nruntime: nodejs\nmain: nowhere/\n", /does not exist/u],
    ["whose program lies outside", "name: p\nruntime: nodejs\nmain: ../x\n", /inside the project/u],
  ])("%s is refused", async (_, yaml, message) => {
    await project(yaml);
    await expect(loadProject(folder)).rejects.toThrow(message);
  });

  it.each([
    ["secretsprovider: awskms://x", /"secretsprovider"/u],
    ["encryptedkey: x", /"encryptedkey"/u],
    ["environment: [x]", /"environment"/u],
    ["foo: 1", /unknown key "foo"/u],
  ])("with a stack that has %s is refused", async (yaml, message) => {
    await writeFile(join(folder, "Pulumi.s.yaml"), `${yaml}\n`);
    await expect(StackConfig.load(folder, "p", "s")).rejects.toThrow(message);
  });

  it("whose SDK is not installed is refused", async () => {
    await project("name: p\nruntime: nodejs\n");
    const loaded = await loadProject(folder);
    expect(() => findSdk(loaded)).toThrow(expect.objectContaining({ code: "NO_SDK" }));
  });

  it.each([
    ["that was not made", "dev", "STACK_NOT_FOUND"],
    ["whose name would leave its folder", "../dev", "BAD_STACK_NAME"],
  ])("with a stack %s is refused", async (_, stack, code) => {
    await project("name: p\nruntime: nodejs\n");
    const options = { projectDir: folder, stack, stateRoot: join(folder, "state"), passphrase: "x" };
    await expect(openStack(options)).rejects.toMatchObject({ code });
  });

  it("with a salt that is none is refused", async () => {
    await expect(Crypter.open("x", "v2:x")).rejects.toMatchObject({ code: "BAD_ENCRYPTION_SALT" });
  });

  it("with an SDK that was not tested is refused", async () => {
    const file = join(folder, "package.json");
    await writeFile(file, JSON.stringify({ version: "3.271.0" }));
    expect(() => checkSdkVersion(file)).toThrow(/3\.271\.0 was not tested/u);
  });
});
