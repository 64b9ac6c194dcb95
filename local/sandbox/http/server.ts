import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { AnswerFault } from "../faults.ts";
import { type Answer, json, readRequest, type Request } from "./message.ts";

/** One part of the server: the payment service, the model, or the control routes. */
export interface Area {
  readonly bodyLimit: number;
  /** The fault that this request meets, if any. */
  faultFor(request: Request): AnswerFault | undefined;
  answer(request: Request, signal: AbortSignal): Promise<Answer>;
}

export interface SandboxServer {
  readonly server: Server;
  /** Ends every connection and everything that waits. */
  readonly close: () => Promise<void>;
}

/** A server whose areas are chosen by path. */
export function createSandboxServer(areaOf: (path: string) => Area): SandboxServer {
  const closing = new AbortController();
  const server = createServer((incoming, response) => {
    serve(areaOf, incoming, response, closing.signal).catch((error: unknown) => {
      // A reader that has gone, or the end of the sandbox, is nobody's mistake.
      if (closing.signal.aborted || incoming.destroyed || response.destroyed) return;
      console.error("sandbox: a request failed unexpectedly", error);
      response.destroy();
    });
  });
  return {
    server,
    close: async () => {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  areaOf: (path: string) => Area,
  incoming: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const area = areaOf(incoming.url ?? "/");
  const request = await readRequest(incoming, area.bodyLimit);
  const fault = area.faultFor(request);
  const answer = () => area.answer(request, signal);
  if (fault) await serveFaulty(fault, answer, incoming, response, signal);
  else send(response, request.method, await answer());
}

function send(response: ServerResponse, method: string, { status, headers, body }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, status === 304 ? headers : { ...headers, "Content-Length": bytes.length });
  response.end(method === "HEAD" ? undefined : bytes);
}

const failure = (status: number, message: string, headers: Record<string, string> = {}) =>
  json(status, { status: "error", error: { message } }, headers);

async function serveFaulty(
  fault: AnswerFault,
  answer: () => Promise<Answer>,
  incoming: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const method = incoming.method ?? "GET";
  const pause = (ms: number) => sleep(ms, undefined, { signal });
  const cut = () => incoming.socket.destroy();
  switch (fault.kind) {
    case "lost-before-write":
      cut();
      return;
    case "lost-after-write":
      await answer();
      cut();
      return;
    case "late-write":
      cut();
      await pause(fault.ms);
      await answer();
      return;
    case "late-answer": {
      const late = await answer();
      await pause(fault.ms);
      send(response, method, late);
      return;
    }
    case "slow":
      await pause(fault.ms);
      send(response, method, await answer());
      return;
    case "error-before-write":
      send(response, method, failure(500, "Internal Server Error"));
      return;
    case "error-after-write":
      await answer();
      send(response, method, failure(500, "Internal Server Error"));
      return;
    case "rate-limit":
      send(response, method, failure(429, "Too many requests", { "Retry-After": String(fault.retryAfter) }));
      return;
    case "hang-before-write":
      return;
    case "hang-after-write":
      await answer();
      return;
    case "not-json":
      await answer();
      send(response, method, {
        status: fault.status,
        headers: { "Content-Type": "text/html; charset=utf-8" },
        body: "<!doctype html><title>Gateway</title><p>The upstream server did not answer as expected.</p>",
      });
      return;
    case "oversize":
      await answer();
      response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
      await pipeline(oversizeBody(fault.bytes), response);
      return;
    case "chain-down":
      return;
  }
}

/** A well-formed answer of at least so many bytes, piece by piece. */
function* oversizeBody(bytes: number): Generator<string> {
  yield '{"status":"success","data":{"Assets":[]},"padding":"';
  const piece = "x".repeat(64 * 1024);
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
  yield '"}';
}
