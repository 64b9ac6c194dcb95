import type {
  handleUnaryCall,
  sendUnaryData,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import grpc from "@grpc/grpc-js";
import { messageOf, NotImplemented } from "../errors.ts";

/** Both sides of the protocol allow messages of this size (the SDK's own limit); gRPC's default of 4 MiB is soon reached by large inputs. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

export type Handlers = Readonly<Record<string, (request: never) => Promise<unknown>>>;

/** The run has ended, or is ending with an error: the caller gets no answer any more. */
export class Unavailable extends Error {}

/**
 * A gRPC service made of the given handlers. Every other method of its definition, also one that a later SDK adds, is refused by name
 * and reported to `refused`.
 */
export function implement(
  service: string,
  definition: ServiceDefinition,
  handlers: Handlers,
  refused: (error: NotImplemented) => void,
): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {};
  for (const name of Object.keys(definition)) {
    const handler = handlers[name];
    const method: handleUnaryCall<never, unknown> = (call, callback) => {
      if (handler === undefined) {
        const error = new NotImplemented(`${service}.${name}`);
        refused(error);
        callback({ code: grpc.status.UNIMPLEMENTED, details: error.message });
        return;
      }
      void answer(() => handler(call.request), callback);
    };
    // Each method has message types of its own, which this table cannot know.
    implementation[name] = method as UntypedHandleCall;
  }
  return implementation;
}

async function answer(handle: () => Promise<unknown>, callback: sendUnaryData<unknown>): Promise<void> {
  try {
    callback(null, await handle());
  } catch (error) {
    callback({ code: codeOf(error), details: messageOf(error) });
  }
}

function codeOf(error: unknown): grpc.status {
  if (error instanceof Unavailable) return grpc.status.UNAVAILABLE;
  return error instanceof NotImplemented ? grpc.status.UNIMPLEMENTED : grpc.status.UNKNOWN;
}
