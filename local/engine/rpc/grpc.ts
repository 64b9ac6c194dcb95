import { createRequire } from "node:module";
import type * as Grpc from "@grpc/grpc-js";
import type { ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type * as EngineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as ProviderGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as ResourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import { NotImplemented } from "../errors.ts";
import { status } from "./calls.cjs";
import { answering, type EngineServices, type Handlers } from "./service.ts";
import { SocketFolder } from "./socket-folder.ts";

/** Both sides of the protocol allow messages of this size (the SDK's own limit); gRPC's default of 4 MiB is soon reached by large inputs. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

// gRPC serves plugins alone, which many stacks do not have; loading it takes longer than anything else of this engine.
const load = createRequire(import.meta.url);
const grpc = (): typeof Grpc => load("@grpc/grpc-js") as typeof Grpc;

export interface GrpcClient {
  readonly client: ResourceProviderClient;
  /** None, as gRPC wants to be told. */
  readonly noMetadata: Grpc.Metadata;
}

/** A connection to the plugin at an address. */
export function connectGrpc(address: string): GrpcClient {
  const { ResourceProviderClient } = load("@pulumi/pulumi/proto/provider_grpc_pb.js") as typeof ProviderGrpc;
  const { credentials, Metadata } = grpc();
  return {
    client: new ResourceProviderClient(address, credentials.createInsecure(), CHANNEL_OPTIONS),
    noMetadata: new Metadata(),
  };
}

/** Where plugins reach the engine. It begins to listen when the first one needs to know the address. */
export class GrpcServer {
  readonly #services: EngineServices;
  readonly #sockets = new SocketFolder();
  #listening: { readonly server: Grpc.Server; readonly address: Promise<string> } | undefined;

  constructor(services: EngineServices) {
    this.#services = services;
  }

  address(): Promise<string> {
    this.#listening ??= this.#listen();
    return this.#listening.address;
  }

  close(): void {
    this.#listening?.server.forceShutdown();
    this.#sockets.remove();
  }

  #listen(): { readonly server: Grpc.Server; readonly address: Promise<string> } {
    const { Server, ServerCredentials } = grpc();
    const { ResourceMonitorService } = load(
      "@pulumi/pulumi/proto/resource_grpc_pb.js",
    ) as typeof ResourceGrpc;
    const { EngineService } = load("@pulumi/pulumi/proto/engine_grpc_pb.js") as typeof EngineGrpc;
    const { monitor, engine, refused } = this.#services;
    const server = new Server(CHANNEL_OPTIONS);
    server.addService(
      ResourceMonitorService,
      implement("ResourceMonitor", ResourceMonitorService, monitor, refused),
    );
    server.addService(EngineService, implement("Engine", EngineService, engine, refused));
    const socket = this.#sockets.next("engine");
    const place = socket === undefined ? "127.0.0.1:0" : `unix:${socket}`;
    const address = new Promise<string>((resolve, reject) => {
      server.bindAsync(place, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(socket === undefined ? `127.0.0.1:${port}` : place);
        else reject(error);
      });
    });
    return { server, address };
  }
}

/**
 * A gRPC service made of the given handlers. Every other method of its definition, also one that a later SDK adds, is refused by name
 * and reported to `refused`.
 */
function implement(
  service: string,
  definition: ServiceDefinition,
  handlers: Handlers,
  refused: EngineServices["refused"],
): UntypedServiceImplementation {
  const answers = answering(handlers);
  const refusal = (name: string): UntypedHandleCall => {
    const error = new NotImplemented(`${service}.${name}`);
    return ((_call: unknown, callback: Grpc.sendUnaryData<never>) => {
      refused(error);
      callback({ code: status.UNIMPLEMENTED, details: error.message });
    }) as UntypedHandleCall;
  };
  return Object.fromEntries(
    Object.keys(definition).map((name) => [
      name,
      (answers[name] as UntypedHandleCall | undefined) ?? refusal(name),
    ]),
  );
}
