// gRPC's side of the plugins of the tests: a server on loopback that tells its port on standard output, as engines expect it.
import { fstatSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import { CHANNEL_OPTIONS } from "../../../local/engine/rpc/grpc.ts";
import { toStruct } from "../../../local/engine/rpc/struct.ts";
import type { z } from "zod";
import { handlersOf } from "./handlers.ts";
import { NotReady, type Package, type PropertyMap } from "./package.ts";

const ENGINE_LOOK_MS = 20_000;
/** A busy machine may keep a living engine from answering for a while. */
const ENGINE_PATIENCE_MS = 30_000;

/** Serves a package until the engine, whose address is the last argument, ends this process or is gone itself. */
export function servePackage<Client, C extends z.ZodObject>(plugin: Package<Client, C>): void {
  endWithEngine();
  const engine = connectEngine(process.argv.at(-1) ?? "");
  const handlers = handlersOf(plugin, engine.log);
  const service: grpc.UntypedServiceImplementation = {};
  for (const name of Object.keys(providerGrpc.ResourceProviderService)) {
    const handle = handlers[name];
    if (handle === undefined) continue;
    const method: grpc.handleUnaryCall<never, unknown> = (call, callback) => {
      void answer(() => handle(call.request), callback);
    };
    service[name] = method as grpc.UntypedHandleCall;
  }
  const server = new grpc.Server(CHANNEL_OPTIONS);
  server.addService(providerGrpc.ResourceProviderService, service);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    console.log(port);
  });
}

async function answer(handle: () => Promise<unknown>, callback: grpc.sendUnaryData<unknown>): Promise<void> {
  try {
    callback(null, await handle());
  } catch (error) {
    callback(failure(error));
  }
}

type Log = (urn: string, message: string) => void;

/** Node's pipes are sockets; an engine that gives no pipe gives /dev/null, which ends at once and says nothing. */
function endWithEngine(): void {
  if (!fstatSync(0).isSocket()) return;
  process.stdin.once("end", () => process.exit(1)).resume();
}

function connectEngine(address: string): { readonly log: Log } {
  const client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
  // An engine that was killed can end nobody.
  setInterval(() => {
    client.waitForReady(Date.now() + ENGINE_PATIENCE_MS, (error) => {
      if (error) process.exit(1);
    });
  }, ENGINE_LOOK_MS);
  return {
    log(urn, message) {
      const request = new enginePb.LogRequest();
      request.setSeverity(enginePb.LogSeverity.INFO);
      request.setUrn(urn);
      request.setMessage(message);
      request.setEphemeral(true);
      // Progress that nobody hears of is no failure.
      client.log(request, () => undefined);
    },
  };
}

function failure(error: unknown): Partial<grpc.StatusObject> {
  const details = error instanceof Error ? error.message : String(error);
  const metadata = error instanceof NotReady ? { metadata: notReady(error) } : {};
  return { code: grpc.status.UNKNOWN, details, ...metadata };
}

function notReady({ id, outputs, message }: NotReady): grpc.Metadata {
  const failed = new providerPb.ErrorResourceInitFailed();
  failed.setId(id);
  failed.setProperties(toStruct(outputs as PropertyMap));
  failed.setReasonsList([message]);
  const any = new anyPb.Any();
  any.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusPb.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.setDetailsList([any]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return metadata;
}
