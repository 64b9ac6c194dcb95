import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type * as Grpc from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type * as ProviderGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll } from "vitest";
import type { Engine } from "./servers.ts";

export const root = join(import.meta.dirname, "../../..");

const load = createRequire(import.meta.url);
const grpc = createRequire(load.resolve("@pulumi/pulumi"))("@grpc/grpc-js") as typeof Grpc;
const { ResourceProviderClient } = load("@pulumi/pulumi/proto/provider_grpc_pb") as typeof ProviderGrpc;
const messages = load("@pulumi/pulumi/proto/provider_pb") as typeof Messages;
const { Struct: StructClass } = load("google-protobuf/google/protobuf/struct_pb") as {
  Struct: typeof Struct;
};

/** A project of this checkout's providers: what hosts note and spend is written down there, for all of a test file. */
const project = mkdtempSync(join(tmpdir(), "masumi-host-"));
for (const part of ["node_modules", "package.json", "providers", "crew", "Pulumi.yaml"]) {
  symlinkSync(join(root, part), join(project, part));
}
mkdirSync(join(project, "infra"));
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** The SDK's provider host, started as the engine starts it: in the program's folder, with its own address. */
export async function startProviderHost(engine: Engine, env: Record<string, string>) {
  const main = load.resolve("@pulumi/pulumi/cmd/dynamic-provider");
  const child = spawn(process.execPath, [main, engine.address], {
    cwd: join(project, "infra"),
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
    diff: async (id: string, olds: object, news: object) => {
      const request = new messages.DiffRequest();
      request.setId(id);
      request.setOlds(toStruct(olds));
      request.setNews(toStruct(news));
      const answer = await call<Messages.DiffResponse>((done) => client.diff(request, done));
      return {
        changes: answer.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
        replaces: answer.getReplacesList(),
      };
    },
    update: async (id: string, olds: object, news: object) => {
      const request = new messages.UpdateRequest();
      request.setId(id);
      request.setOlds(toStruct(olds));
      request.setNews(toStruct(news));
      const answer = await call<Messages.UpdateResponse>((done) => client.update(request, done));
      return toObject(answer.getProperties());
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
    /** As the machine does it: at once. */
    kill: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    },
    [Symbol.asyncDispose]: async () => {
      client.close();
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, "close");
    },
  };
}
