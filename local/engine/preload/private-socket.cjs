/**
 * The SDK's provider host listens on a port of 127.0.0.1, where any process of this machine may ask it to run code with the deployer's keys.
 * With this it listens on a socket in a folder of the engine's instead, which no other user may enter. It still prints a port, which means
 * nothing.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

const path = process.env["ENGINE_PROVIDER_SOCKET"];
delete process.env["ENGINE_PROVIDER_SOCKET"];

onSdkRequire((request, file, load) => {
  if (path === undefined || request !== "@grpc/grpc-js" || !file.startsWith("cmd/dynamic-provider/"))
    return undefined;
  const grpc = /** @type {typeof import("@grpc/grpc-js")} */ (load());
  class Server extends grpc.Server {
    /**
     * @override
     * @type {import("@grpc/grpc-js").Server["bindAsync"]}
     */
    bindAsync(_address, credentials, callback) {
      super.bindAsync(`unix:${path}`, credentials, (error) => callback(error, 1));
    }
  }
  return new Proxy(grpc, { get: (whole, name) => (name === "Server" ? Server : Reflect.get(whole, name)) });
});
