/**
 * The program and the SDK's provider host talk to the engine over the pipe that is their fourth file, not over a socket that others of this
 * machine might find. To the SDK this looks like gRPC; whoever gives another address than the engine's gets gRPC itself.
 *
 * The pipe ends with the engine. A program has nothing to save then, and would otherwise wait for an engine that was killed.
 */
const { Socket } = require("node:net");
const { Calls, Metadata, status } = require("../rpc/calls.cjs");
const { lightStruct } = require("../rpc/light-struct.cjs");
const { onSdkRequire } = require("./sdk-requires.cjs");

/** @typedef {typeof import("@grpc/grpc-js")} Grpc */

/** As the engine names the pipe among the arguments, with a number for each run. */
const PIPE = /^pipe:\d+$/;
const isProvider = /[\\/]dynamic-provider[\\/]index\.js$/.test(process.argv[1] ?? "");

const pipe = new Socket({ fd: 3, readable: true, writable: true });
const calls = new Calls(pipe);
if (!isProvider) {
  pipe.on("end", () => process.exit(1));
  calls.read();
}

/** The SDK's provider host has one server. */
class Server {
  /** @type {Grpc["Server"]["prototype"]["addService"]} */
  addService(definition, implementation) {
    calls.serve(/** @type {never} */ (definition), /** @type {never} */ (implementation));
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
      if (PIPE.test(address)) return calls.client(/** @type {never} */ (definition));
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

onSdkRequire((request, file, load) => {
  if (request === "@grpc/grpc-js") return pipedGrpc(load, file.startsWith("cmd/dynamic-provider/"));
  if (!/^google-protobuf\/google\/protobuf\/struct_pb(?:\.js)?$/.test(request)) return undefined;
  if (struct === undefined) {
    const real = /** @type {typeof import("google-protobuf/google/protobuf/struct_pb.js")} */ (load());
    struct = { ...real, Struct: lightStruct(real) };
  }
  return struct;
});
