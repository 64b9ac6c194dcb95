/**
 * Calls between the engine and a process that it started, over a pipe that these two alone hold: one line of JSON for each message. What is
 * called are the services of Pulumi's protocol, with the very messages of gRPC; protobuf's classes keep them as arrays, and those are sent.
 * HTTP/2 and protobuf's binary form, which cost more than the rest of a run's protocol, are left to plugins, which speak nothing else.
 *
 * JavaScript, since the program and the provider host load it before anything else (preload/piped-grpc.cjs).
 */

/** @import { Duplex } from "node:stream" */
/** @import { ServiceError } from "@grpc/grpc-js" */

/** gRPC's codes. @type {typeof import("@grpc/grpc-js").status} */
const status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};
/** @type {ReadonlyMap<number, string>} */
const NAMES = new Map(Object.entries(status).map(([name, code]) => [Number(code), name]));

/** What goes with an answer beside its message: names, each with values that are bytes. */
class Metadata {
  /** @type {Map<string, Buffer[]>} */
  #values = new Map();

  /**
   * @param {string} name
   * @param {Buffer} value
   */
  add(name, value) {
    this.#values.set(name, [...this.get(name), value]);
  }

  /** @param {string} name */
  get(name) {
    return this.#values.get(name) ?? [];
  }

  toJSON() {
    return [...this.#values].flatMap(([name, values]) =>
      values.map((value) => [name, value.toString("base64")]),
    );
  }

  /** @param {readonly [name: string, value: string][]} json */
  static from(json) {
    const metadata = new Metadata();
    for (const [name, value] of json) metadata.add(name, Buffer.from(value, "base64"));
    return metadata;
  }
}

/**
 * A message of protobuf's JavaScript classes.
 * @typedef {{ toArray(): unknown[] }} Message
 * @typedef {new (array?: unknown[]) => Message} MessageClass
 * @typedef {{ readonly path: string, readonly requestType: MessageClass, readonly responseType: MessageClass }} Method
 * @typedef {Readonly<Record<string, Method>>} Service The methods by their names, as in gRPC's definition of a service.
 * @typedef {(call: { readonly request: never }, callback: (error: object | null, response?: never) => void) => void} Handler
 * @typedef {(error: ServiceError | null, response?: Message) => void} Answered
 * @typedef {{ deadline?: number | Date }} CallOptions
 * @typedef {{ method: Method, answered: Answered, timer: NodeJS.Timeout | undefined }} OpenCall
 * @typedef {{ code: number, details: string, metadata: readonly [string, string][] }} Failure
 * @typedef {[id: number, path: string, request: unknown[]]} Request
 * @typedef {[id: number, response: unknown[] | null, failure?: Failure]} Answer An answer has the negative id of its request.
 */

/**
 * @param {Failure} failure
 * @returns {ServiceError}
 */
function serviceError({ code, details, metadata }) {
  const error = new Error(`${code} ${NAMES.get(code) ?? "UNKNOWN"}: ${details}`);
  return Object.assign(error, { code, details, metadata: /** @type {never} */ (Metadata.from(metadata)) });
}

/**
 * As gRPC tells a handler's error to the caller: code and details are taken from it if it has them.
 * @param {{ code?: unknown, details?: unknown, message?: unknown, metadata?: unknown }} error
 * @returns {Failure}
 */
function failureOf({ code, details, message, metadata }) {
  return {
    code: Number.isInteger(code) ? Number(code) : status.UNKNOWN,
    details: typeof details === "string" ? details : typeof message === "string" ? message : "Unknown Error",
    metadata:
      metadata instanceof Metadata ? metadata.toJSON().map(([name = "", value = ""]) => [name, value]) : [],
  };
}

/** One end of the pipe. It may call and be called. */
class Calls {
  #stream;
  /** @type {Map<number, OpenCall>} */
  #open = new Map();
  /** @type {Map<string, { method: Method, handle: Handler | undefined }>} */
  #served = new Map();
  #unknown;
  #lastId = 0;
  #ended = false;
  #isReading = false;
  /**
   * The beginning of a line whose end has not come yet.
   * @type {string[]}
   */
  #rest = [];
  #unsent = "";

  /**
   * @param {Duplex} stream Nothing is read before this end calls, or is ready to be called.
   * @param {(path: string) => void} [unknown] Is told which method the other end has called in vain.
   */
  constructor(stream, unknown = () => undefined) {
    this.#stream = stream;
    this.#unknown = unknown;
    // What cannot be written is told by the end of the stream, to every call that waits.
    stream.on("error", () => this.#end()).on("close", () => this.#end());
    this.#keepAlive();
  }

  /**
   * @param {Service} service
   * @param {Readonly<Record<string, Handler>>} implementation
   */
  serve(service, implementation) {
    for (const [name, method] of Object.entries(service)) {
      this.#served.set(method.path, { method, handle: implementation[name]?.bind(implementation) });
    }
    this.read();
    this.#keepAlive();
  }

  /**
   * A client of a service. Each method takes what that of gRPC's client takes: request, metadata (which is not sent), options, callback.
   * @template Client
   * @param {Service} service
   * @returns {Client}
   */
  client(service) {
    /** @type {Record<string, Function>} */
    const client = { close: () => undefined };
    for (const [name, method] of Object.entries(service)) {
      client[name] = (/** @type {Message} */ request, /** @type {unknown[]} */ ...rest) => {
        const answered = /** @type {Answered} */ (
          rest.findLast((argument) => typeof argument === "function")
        );
        const options = /** @type {CallOptions | undefined} */ (
          rest.find((argument) => typeof argument === "object" && argument !== null && "deadline" in argument)
        );
        return this.#call(method, request, options, answered);
      };
    }
    return /** @type {Client} */ (client);
  }

  /** Begins to read, which tells also when the other end has gone. */
  read() {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#stream
      .setEncoding("utf8")
      .on("data", (/** @type {string} */ text) => this.#received(text))
      .on("end", () => this.#end());
  }

  /**
   * @param {Method} method
   * @param {Message} request
   * @param {CallOptions | undefined} options
   * @param {Answered} answered
   */
  #call(method, request, options, answered) {
    this.read();
    this.#lastId += 1;
    const id = this.#lastId;
    /** @param {number} code @param {string} details */
    const fail = (code, details) => this.#settle(id, null, { code, details, metadata: [] });
    const timer =
      options?.deadline === undefined
        ? undefined
        : setTimeout(
            () => fail(status.DEADLINE_EXCEEDED, "Deadline exceeded"),
            Number(options.deadline) - Date.now(),
          );
    this.#open.set(id, { method, answered, timer });
    this.#keepAlive();
    if (this.#ended) setImmediate(() => fail(status.UNAVAILABLE, "The other process has gone."));
    else {
      try {
        this.#send([id, method.path, request.toArray()]);
      } catch (error) {
        // As with gRPC, whoever calls hears of a request that cannot be written.
        this.#forget(id);
        throw error;
      }
    }
    return { cancel: () => void setImmediate(() => fail(status.CANCELLED, "Cancelled on client")) };
  }

  /**
   * What is said in one turn goes out at once.
   * @param {Request | Answer} message
   */
  #send(message) {
    if (this.#unsent === "") process.nextTick(() => this.#flush());
    this.#unsent += `${JSON.stringify(message)}\n`;
  }

  #flush() {
    const text = this.#unsent;
    this.#unsent = "";
    if (!this.#ended) this.#stream.write(text);
  }

  /** @param {string} text */
  #received(text) {
    const end = text.indexOf("\n");
    if (end < 0) {
      this.#rest.push(text);
      return;
    }
    const last = text.lastIndexOf("\n");
    const lines = `${this.#rest.join("")}${text.slice(0, last)}`.split("\n");
    this.#rest = last + 1 < text.length ? [text.slice(last + 1)] : [];
    for (const line of lines) {
      try {
        this.#take(/** @type {Request | Answer} */ (JSON.parse(line)));
      } catch (error) {
        // A callback's own error is not the next message's.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** @param {Request | Answer} message */
  #take(message) {
    if (typeof message[1] === "string") this.#handle(.../** @type {Request} */ (message));
    else this.#settle(-message[0], .../** @type {[unknown[] | null, Failure?]} */ (message.slice(1)));
  }

  /**
   * @param {number} id
   * @param {string} path
   * @param {unknown[]} request
   */
  #handle(id, path, request) {
    const { method, handle } = this.#served.get(path) ?? {};
    /** @param {Parameters<typeof failureOf>[0]} error */
    const fail = (error) => this.#send([-id, null, failureOf(error)]);
    if (method === undefined || handle === undefined) {
      this.#unknown(path);
      fail({ code: status.UNIMPLEMENTED, details: `The server does not implement the method ${path}` });
      return;
    }
    try {
      handle({ request: /** @type {never} */ (new method.requestType(request)) }, (error, response) => {
        if (error) {
          fail(error);
          return;
        }
        try {
          this.#send([-id, /** @type {Message} */ (/** @type {unknown} */ (response)).toArray()]);
        } catch (unsendable) {
          fail(unsendable instanceof Error ? unsendable : { message: String(unsendable) });
        }
      });
    } catch (error) {
      fail({
        message: `Server method handler threw error ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }

  /**
   * @param {number} id
   * @param {unknown[] | null} response
   * @param {Failure} [failure]
   */
  #settle(id, response, failure) {
    const call = this.#forget(id);
    // The caller has given up.
    if (call === undefined) return;
    if (failure === undefined) call.answered(null, new call.method.responseType(response ?? []));
    else call.answered(serviceError(failure));
  }

  /** @param {number} id */
  #forget(id) {
    const call = this.#open.get(id);
    if (call === undefined) return undefined;
    this.#open.delete(id);
    clearTimeout(call.timer);
    this.#keepAlive();
    return call;
  }

  #end() {
    if (this.#ended) return;
    this.#ended = true;
    const gone = { code: status.UNAVAILABLE, details: "The other process has gone.", metadata: [] };
    for (const id of this.#open.keys()) this.#settle(id, null, gone);
  }

  /** As with gRPC, a process that serves, or that waits for an answer, goes on living; one that could call does not have to. */
  #keepAlive() {
    const socket = /** @type {Partial<import("node:net").Socket>} */ (this.#stream);
    if (this.#served.size > 0 || this.#open.size > 0) socket.ref?.();
    else socket.unref?.();
  }
}

exports.Calls = Calls;
exports.Metadata = Metadata;
exports.status = status;
