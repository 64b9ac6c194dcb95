import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { CodedError } from "../providers/common/coded-error.ts";
import type { Settings } from "./settings.ts";

export type Fetch = (request: Request) => Response | Promise<Response>;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses that port",
  EACCES: "this user may not use that port",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such address",
};

type PortErrorCode = "PORTAL_PORT_UNAVAILABLE";

/** The portal cannot listen where it is set to. */
export class PortUnavailableError extends CodedError<PortErrorCode> {
  /** Node's word for why. */
  readonly reason: string;

  constructor(address: string, reason: string) {
    super(
      "PORTAL_PORT_UNAVAILABLE",
      `the portal cannot listen on ${address}: ${REASONS[reason]}.`,
      "Set PORTAL_PORT to another port (0: any that is free), or PORTAL_HOST to another address.",
    );
    this.reason = reason;
  }
}

/** A form with documents may take minutes on a slow line, its headers may not. */
const REQUEST_WITHIN_MS = 15 * 60_000;
const HEADERS_WITHIN_MS = 15_000;

const FIRST_PORT = 4810;
const PORTS_TRIED = 20;

/** Listens where the settings say; where they say nothing, another project's portal may have the usual port. @throws PortUnavailableError */
export async function listen(fetch: Fetch, settings: Settings): Promise<ServerType> {
  const { PORTAL_HOST: host, PORTAL_URL: known, PORTAL_PORT } = settings;
  // A proxy that leads customers here expects it where it was.
  const port = PORTAL_PORT ?? (known === undefined ? undefined : FIRST_PORT);
  if (port !== undefined) return listenOn(fetch, host, port);
  for (let next = FIRST_PORT; ; next += 1) {
    try {
      return await listenOn(fetch, host, next);
    } catch (error) {
      const isTaken = error instanceof PortUnavailableError && error.reason === "EADDRINUSE";
      if (!isTaken || next >= FIRST_PORT + PORTS_TRIED) throw error;
    }
  }
}

function listenOn(fetch: Fetch, hostname: string, port: number): Promise<ServerType> {
  return new Promise((done, failed) => {
    const serverOptions = { requestTimeout: REQUEST_WITHIN_MS, headersTimeout: HEADERS_WITHIN_MS };
    const server = serve({ fetch, hostname, port, serverOptions }, () => done(server));
    server.once("error", (error: NodeJS.ErrnoException) => {
      const { code: reason = "" } = error;
      failed(reason in REASONS ? new PortUnavailableError(`${hostname}:${port}`, reason) : error);
    });
  });
}

export function urlOf(server: ServerType, { PORTAL_HOST: host }: Settings): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Ends the server; streams of events, which never end by themselves, are cut off. */
export function closed(server: ServerType): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
}
