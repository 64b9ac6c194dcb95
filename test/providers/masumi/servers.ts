import { once } from "node:events";
import { type RequestListener, createServer } from "node:http";
import { createRequire } from "node:module";
import type * as Grpc from "@grpc/grpc-js";
import type * as EngineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type * as EngineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
}

/** A real HTTP server on a free port of this machine. */
export async function startServer(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An agent that answers as one which is not registered yet. */
export const startAgent = () =>
  startServer((_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ status: "unavailable", type: "masumi-agent" }));
  });

const load = createRequire(import.meta.url);
const grpc = createRequire(load.resolve("@pulumi/pulumi"))("@grpc/grpc-js") as typeof Grpc;
const { EngineService } = load("@pulumi/pulumi/proto/engine_grpc_pb") as typeof EngineGrpc;
const { GetRootResourceResponse } = load("@pulumi/pulumi/proto/engine_pb") as typeof EngineMessages;
const { Empty } = load("google-protobuf/google/protobuf/empty_pb") as { Empty: new () => never };

export interface Message {
  readonly severity: number;
  readonly urn: string;
  readonly message: string;
  readonly ephemeral: boolean;
}

/** What an engine offers to a provider: it takes messages, and tells of a program if it is said to. Everything else it does not know. */
export interface Engine extends AsyncDisposable {
  readonly address: string;
  readonly messages: Message[];
  /** The text of the messages that stay. */
  said(): string;
}

/**
 * @param place host:port (0 = any free one), or unix:<socket>
 * @param root the stack's own resource: "" where no program takes part. Without it the engine does not know the call.
 */
export async function startEngine(place = "127.0.0.1:0", root?: string): Promise<Engine> {
  const messages: Message[] = [];
  const server = new grpc.Server();
  server.addService(EngineService, {
    log: (call: { request: LogRequest }, done: (error: null, value: never) => void) => {
      const { severity, urn, message, ephemeral } = call.request.toObject();
      messages.push({ severity, urn, message, ephemeral });
      done(null, new Empty());
    },
    ...(root === undefined
      ? {}
      : {
          getRootResource: (_call: unknown, done: (error: null, value: unknown) => void) => {
            const answer = new GetRootResourceResponse();
            answer.setUrn(root);
            done(null, answer);
          },
        }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(place, grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  return {
    address: place.startsWith("unix:") ? place : `127.0.0.1:${port}`,
    messages,
    said: () =>
      messages
        .filter(({ ephemeral }) => !ephemeral)
        .map(({ message }) => message)
        .join("\n"),
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}
