import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { isDeepStrictEqual } from "node:util";

/** Something that containers reach on this machine. */
export interface Reachable {
  readonly url: string;
  close(): Promise<void>;
}

async function listen(server: Server, address: string, sockets: Iterable<Socket>): Promise<Reachable> {
  server.listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/**
 * Lets containers reach a server that listens on loopback only, by the address that this machine has in their network.
 *
 * @param to without it, the same port on loopback
 */
export function forward(address: string, to?: URL): Promise<Reachable> {
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const onward = to ? connect(Number(to.port), to.hostname) : connect(from.localPort ?? 0, "127.0.0.1");
    for (const [socket, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.once("error", () => other.destroy());
      socket.once("close", () => sockets.delete(socket));
    }
  });
  return listen(server, address, sockets);
}

/** AWS Systems Manager, as far as a crew asks it: one parameter. */
export function parameterStore(address: string, name: string, value: string): Promise<Reachable> {
  const sockets = new Set<Socket>();
  const server = createHttpServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.once("end", () => {
      const asked: unknown = JSON.parse(body || "{}");
      const wanted =
        request.headers["x-amz-target"] === "AmazonSSM.GetParameter" &&
        isDeepStrictEqual(asked, { Name: name });
      response.writeHead(wanted ? 200 : 400, { "content-type": "application/x-amz-json-1.1" });
      response.end(
        JSON.stringify(wanted ? { Parameter: { Name: name, Value: value } } : { __type: "Unexpected" }),
      );
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return listen(server, address, sockets);
}
