/**
 * The program and the SDK's provider host talk to the engine over the pipe that is their fourth file, not over a socket that others of this
 * machine might find. To the SDK this looks like gRPC; whoever gives another address than the engine's gets gRPC itself.
 *
 * The pipe ends with the engine. A program has nothing to save then, and would otherwise wait for an engine that was killed.
 */
const { Socket } = require("node:net");
const { isMainThread } = require("node:worker_threads");
const { Calls, Metadata, status } = require("../rpc/calls.cjs");
const { lightStruct } = require("../rpc/light-struct.cjs");
const { onSdkRequire } = require("./sdk-requires.cjs");

/** @typedef {typeof import("@grpc/grpc-js")} Grpc */

/** As the engine names the pipe among the arguments, with a number for each run; gRPC cannot take it for a name (preload/index.ts). */
const PIPE = /^pipe:\d+\n$/;
const isProvider = /[\\/]dynamic-provider[\\/]index\.js$/.test(process.argv[1] ?? "");
/** Threads and the children of `fork` get the same preloads, and a fourth file that is not theirs or something else. */
const isOurs = isMainThread && process.argv.some((word) => PIPE.test(word));

const pipe = isOurs ? new Socket({ fd: 3, readable: true, writable: true }) : undefined;
const calls = pipe && new Calls(pipe);

/**
 * Whether a call was answered with UNAVAILABLE. The SDK takes that for the end of the run and goes quiet, though the engine is there: what
 * could not be registered would then count as removed from the program.
 */
const isCutOff = () => pipe?.readable === true && Reflect.get(globalThis, "globalStore")?.terminated === true;

if (pipe && !isProvider) {
  const leave = () => process.exit(1);
  // A pipe whose other end went with something unread in it closes without an end.
  pipe.on("end", leave).on("close", leave);
  calls?.read();
  process.on("exit", () => {
    if (isCutOff()) process.exitCode ||= 1;
  });
}

/**
 * @template {object} Client
 * @param {Client} client
 * @returns {Client}
 */
function withoutFalseEnd(client) {
  const end = Reflect.get(client, "signalAndWaitForShutdown");
  if (typeof end !== "function") return client;
  const signalAndWaitForShutdown = (/** @type {unknown[]} */ ...args) =>
    isCutOff() ? process.exit(1) : Reflect.apply(end, client, args);
  return Object.assign(client, { signalAndWaitForShutdown });
}

/** The SDK's provider host has one server. */
class Server {
  /** @type {Grpc["Server"]["prototype"]["addService"]} */
  addService(definition, implementation) {
    calls?.serve(/** @type {never} */ (definition), /** @type {never} */ (implementation));
  }

  /** @type {Grpc["Server"]["prototype"]["bindAsync"]} */
  bindAsync(_address, _credentials, callback) {
    callback(null, 3);
  }

  start() {
    // Since `addService`.
  }
}

const piped = {
  __esModule: true,
  status,
  Metadata,
  credentials: { createInsecure: () => undefined },
  ServerCredentials: { createInsecure: () => undefined },
};

/** @param {() => object} load */
const pipedGrpc = (load, /** @type {boolean} */ isServer) => {
  const real = () => /** @type {Grpc} */ (load());
  /** @type {Grpc["makeGenericClientConstructor"]} */
  const makeGenericClientConstructor = (definition, name, options) => {
    // A constructor that returns an object makes that one.
    function Client(/** @type {string} */ address, /** @type {never[]} */ ...rest) {
      if (calls && PIPE.test(address))
        return withoutFalseEnd(calls.client(/** @type {never} */ (definition)));
      const { credentials, makeGenericClientConstructor: make } = real();
      const [channelCredentials = credentials.createInsecure(), ...others] = rest;
      return new (make(definition, name, options))(address, channelCredentials, ...others);
    }
    return /** @type {never} */ (Object.assign(Client, { service: definition }));
  };
  return new Proxy(
    { ...piped, makeGenericClientConstructor, ...(isServer ? { Server } : {}) },
    { get: (own, name) => (Reflect.has(own, name) ? Reflect.get(own, name) : Reflect.get(real(), name)) },
  );
};

/** @type {object | undefined} */
let struct;

/** @type {import("./sdk-requires.cjs").Answer} */
const answer = (request, file, load) => {
  if (request === "@grpc/grpc-js") return pipedGrpc(load, file.startsWith("cmd/dynamic-provider/"));
  if (!/^google-protobuf\/google\/protobuf\/struct_pb(?:\.js)?$/.test(request)) return undefined;
  if (struct === undefined) {
    const real = /** @type {typeof import("google-protobuf/google/protobuf/struct_pb.js")} */ (load());
    struct = { ...real, Struct: lightStruct(real) };
  }
  return struct;
};

if (isOurs) onSdkRequire(answer);
