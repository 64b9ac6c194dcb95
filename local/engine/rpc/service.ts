import type { Duplex } from "node:stream";
import { messageOf, NotImplemented } from "../errors.ts";
import { Calls, type Handler, status } from "./calls.cjs";
import { ENGINE, RESOURCE_MONITOR } from "./services.ts";

export type Handlers = Readonly<Record<string, (request: never) => Promise<unknown>>>;

/** What the engine does for the processes that it starts. */
export interface EngineServices {
  /** The engine's address over a pipe, another one in each run. */
  readonly pipe: string;
  readonly monitor: Handlers;
  readonly engine: Handlers;
  /** Something was asked for that this engine does not do. */
  readonly refused: (error: NotImplemented) => void;
}

/** The run has ended, or is ending with an error: the caller gets no answer any more. */
export class Unavailable extends Error {}

/** Serves a process over the pipe to it. Returns the pipe's own calls, by which the process can be called. */
export function servePipe(pipe: Duplex, { monitor, engine, refused }: EngineServices): Calls {
  const calls = new Calls(pipe, (path) => refused(new NotImplemented(methodOf(path))));
  calls.serve(RESOURCE_MONITOR, answering(monitor));
  calls.serve(ENGINE, answering(engine));
  return calls;
}

/** `/pulumirpc.Engine/Log` is `Engine.log`. */
function methodOf(path: string): string {
  const [, service = "", method = ""] = /^\/pulumirpc\.(.+)\/(.+)$/u.exec(path) ?? [];
  return `${service}.${method.charAt(0).toLowerCase()}${method.slice(1)}`;
}

/** Functions of a request as the transports want them: with an answer, or an error with gRPC's code. */
export const answering = (handlers: Handlers): Readonly<Record<string, Handler>> =>
  Object.fromEntries(
    Object.entries(handlers).map(([name, handle]) => [
      name,
      ({ request }, callback) => void answer(() => handle(request), callback),
    ]),
  );

async function answer(handle: () => Promise<unknown>, callback: Parameters<Handler>[1]): Promise<void> {
  try {
    // Each method has message types of its own, which a table of them cannot know.
    callback(null, (await handle()) as never);
  } catch (error) {
    callback({ code: codeOf(error), details: messageOf(error) });
  }
}

function codeOf(error: unknown): number {
  if (error instanceof Unavailable) return status.UNAVAILABLE;
  return error instanceof NotImplemented ? status.UNIMPLEMENTED : status.UNKNOWN;
}
