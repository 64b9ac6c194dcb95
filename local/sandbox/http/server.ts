import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AnswerFault } from "../faults.ts";
import { serveFaulty } from "./faulty.ts";
import { type Guard, refusal } from "./guard.ts";
import { type Answer, readRequest, type Request, send } from "./message.ts";

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

export interface ServerOptions {
  /** Chooses by path. */
  readonly areaOf: (path: string) => Area;
  readonly guard: Guard;
  /** The time in Date headers, in milliseconds. */
  readonly now: () => number;
}

export function createSandboxServer({ areaOf, guard, now }: ServerOptions): SandboxServer {
  const closing = new AbortController();
  const server = createServer((incoming, response) => {
    response.setHeader("Date", new Date(now()).toUTCString());
    const refused = refusal(incoming, guard);
    if (refused) {
      incoming.resume();
      send(response, incoming.method ?? "GET", refused);
      return;
    }
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
