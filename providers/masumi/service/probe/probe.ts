import { type LookupAddress, lookup } from "node:dns";
import { Agent as HttpsAgent } from "node:https";
import { type LookupFunction, isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import axios, { HttpAgent } from "../../common/axios.ts";
import { isPublicAddress } from "../../common/public-address.ts";
import { RegistrationError } from "./errors.ts";
import { redirectText } from "../../common/redirect.ts";

export interface ProbeOptions {
  readonly apiBaseUrl: string;
  /** Whether an address that only this machine or its network can reach is acceptable. */
  readonly allowPrivate: boolean;
  /** How long a service that was just started may take to answer. Default: 60. */
  readonly timeoutSeconds?: number | undefined;
  /** Called once, if the agent did not answer at the first attempt. */
  readonly onWaiting?: ((seen: string) => void) | undefined;
}

const ATTEMPT_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 3_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Probes the agent the way the network's registry does: GET {apiBaseUrl}/availability, no redirects, status 2xx, JSON with
 * `type: masumi-agent` or an agentIdentifier. The agent may report that it is not available yet.
 *
 * @throws RegistrationError AGENT_NOT_ANSWERING with the last observation; AGENT_ADDRESS_PRIVATE
 */
export async function probeAgent({
  apiBaseUrl,
  allowPrivate,
  timeoutSeconds = 60,
  onWaiting,
}: ProbeOptions): Promise<void> {
  const url = `${apiBaseUrl.replace(/\/+$/, "")}/availability`;
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (let attempt = 0; ; attempt += 1) {
    const seen = await attemptProbe(url, allowPrivate);
    if (seen === undefined) return;
    if (attempt === 0) onWaiting?.(seen);
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS);
    if (Date.now() + pause >= deadline) {
      throw new RegistrationError({
        code: "AGENT_NOT_ANSWERING",
        what: `GET ${url}: ${seen} (tried for ${timeoutSeconds} s). No ADA was spent.`,
      });
    }
    await delay(pause);
  }
}

/** Returns undefined if the agent answers as expected, otherwise what was observed. */
async function attemptProbe(url: string, allowPrivate: boolean): Promise<string | undefined> {
  const guard = allowPrivate ? undefined : publicOnly(url);
  try {
    const response = await axios.get<string>(url, {
      responseType: "text",
      transformResponse: [(text: string) => text],
      headers: { Accept: "application/json" },
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
      validateStatus: () => true,
      proxy: false,
      signal: AbortSignal.timeout(ATTEMPT_MS),
      ...guard,
    });
    return describeAnswer(response.status, response.data, response.headers["location"]);
  } catch (error) {
    if (error instanceof RegistrationError) throw error;
    if (isPrivateAddressError(error)) throw privateAddress(url, error.address);
    const { code } = error as { code?: string };
    return code === "ERR_CANCELED"
      ? `no answer within ${ATTEMPT_MS / 1000} s`
      : `no connection (${code ?? "unknown reason"})`;
  }
}

function describeAnswer(status: number, text: string, location: unknown): string | undefined {
  if (status < 200 || status >= 300) return `status ${status}${redirectText(status, location)}`;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return `status ${status}, but not JSON`;
  }
  const { type, agentIdentifier } = (body ?? {}) as Record<string, unknown>;
  if (type === "masumi-agent" || (typeof agentIdentifier === "string" && agentIdentifier !== ""))
    return undefined;
  return `status ${status} and JSON, but without type masumi-agent or an agentIdentifier`;
}

/* ---- public addresses only ----------------------------------------------------------------------------- */

class PrivateAddressError extends Error {
  readonly code = "PRIVATE_ADDRESS";
  readonly address: string;

  constructor(address: string) {
    super(`${address} is a private address`);
    this.address = address;
  }
}

/** Returns whether an error is our lookup's, which the HTTP library may have wrapped. */
const isPrivateAddressError = (error: unknown): error is { address: string } =>
  error instanceof PrivateAddressError ||
  (error instanceof Error && error.cause instanceof PrivateAddressError) ||
  (error as { code?: unknown }).code === "PRIVATE_ADDRESS";

/** Resolves names itself, so the address that was checked is the address that is used. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses ?? [];
    if (error || !first) callback(error ?? new Error("no address"), "", 0);
    else if (refused) callback(new PrivateAddressError(refused.address), "", 0);
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** Returns agents that only connect to public addresses. Names are checked when they are resolved, literals immediately. */
function publicOnly(url: string) {
  const literal = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) !== 0 && !isPublicAddress(literal)) throw privateAddress(url, literal);
  return {
    httpAgent: new HttpAgent({ lookup: lookupPublic }),
    httpsAgent: new HttpsAgent({ lookup: lookupPublic }),
  };
}

const privateAddress = (url: string, address: string) =>
  new RegistrationError({
    code: "AGENT_ADDRESS_PRIVATE",
    what: `${url} resolves to ${address}, which the network cannot reach. No ADA was spent.`,
  });
