import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a fetch handler on a free port of loopback. */
export async function startServer(
  answer: (request: Request) => Response | Promise<Response>,
): Promise<RunningServer> {
  const server = serve({ fetch: answer, hostname: "127.0.0.1", port: 0 }) as Server;
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
