import type { IncomingMessage } from "node:http";
import { type Answer, json } from "./message.ts";

/** Who may ask the sandbox, beside programs of this machine that ask it by a loopback address. */
export interface Guard {
  /** Further names or addresses by which it may be asked, without a port. */
  readonly allowedHosts: readonly string[];
  /** Whether pages of any origin may ask, as they may ask the real service. */
  readonly cors: boolean;
}

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Returns the host of a `Host` or `Origin` without its port. */
const hostOf = (text: string) => text.replace(/^[a-z]+:\/\//i, "").replace(/:\d+$/, "");

/**
 * Returns why a request is refused, before anything of it is read. A page that a browser of this machine shows can send requests
 * to loopback, also by a name of its own that it lets lead there; neither may move a wallet, read one, or end the sandbox.
 */
export function refusal({ headers }: IncomingMessage, guard: Guard): Answer | undefined {
  const host = hostOf(headers.host ?? "");
  if (!LOOPBACK.test(host) && !guard.allowedHosts.includes(host.toLowerCase())) {
    return refused(
      421,
      `The sandbox is not known as ${JSON.stringify(host)}: ask it by 127.0.0.1 or localhost`,
    );
  }
  if (guard.cors) return undefined;
  const { origin } = headers;
  const isForeign = origin !== undefined && origin.replace(/^https?:\/\//i, "") !== headers.host;
  if (isForeign || headers["sec-fetch-site"] === "cross-site") {
    return refused(
      403,
      "The sandbox does not answer pages of other origins: start it with --cors if it should",
    );
  }
  return undefined;
}

const refused = (status: number, error: string) => json(status, { error });
