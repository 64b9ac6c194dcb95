import { setTimeout as delay } from "node:timers/promises";
import axios from "../../../common/axios.ts";
import { redirectText } from "../../../common/redirect.ts";
import { RegistrationError } from "../errors.ts";
import type { Listing } from "../model.ts";
import { documentUrlOf, listingTypeOf, withoutSlash } from "../listing-type.ts";
import { type Expectation, expectationOf } from "./expectations.ts";
import { isPrivateAddressError, privateAddress, publicOnly } from "./public-only.ts";

/** What is known of an agent that is to be probed. */
export type Probed = Pick<Listing, "type" | "apiBaseUrl" | "documentUrl" | "protocolVersions">;

export interface ProbeOptions {
  readonly listing: Probed;
  /** Whether an address that only this machine or its network can reach is acceptable. */
  readonly allowPrivate: boolean;
  /** How long a service that was just started may take to answer. Default: 60. */
  readonly timeoutSeconds?: number | undefined;
  /** Called once, if the agent did not answer at the first attempt. */
  readonly onWaiting?: ((seen: string) => void) | undefined;
  /** Called if the registry accepts the answer, but its author should know something about it. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 3_000;
/** The registry keeps a copy of a document that is not larger, in bytes, and shows it to buyers. */
const LARGEST_KEPT_BYTES = 256 * 1024;

/**
 * Probes the agent the way the network's registry does, without following redirects. A standard agent: GET {apiBaseUrl}/availability is
 * 2xx and JSON with `type: masumi-agent` or an agentIdentifier; it may report that it is not available yet. Any other: its document
 * can be fetched and is valid.
 *
 * @throws RegistrationError AGENT_NOT_ANSWERING with the last observation; AGENT_ADDRESS_PRIVATE
 */
export async function probeAgent({
  listing,
  allowPrivate,
  timeoutSeconds = 60,
  onWaiting,
  onNotice,
}: ProbeOptions): Promise<void> {
  const url = probedUrlOf(listing);
  const expected = expectationOf(listing, { allowPrivate });
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (let attempt = 0; ; attempt += 1) {
    const { seen, size } = await attemptProbe(url, allowPrivate, expected);
    if (seen === undefined) {
      if (listingTypeOf(listing) !== "standard" && size > LARGEST_KEPT_BYTES)
        onNotice?.(tooLargeToKeep(url, size));
      return;
    }
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

/** Returns the URL that the registry fetches of an agent. */
export const probedUrlOf = (listing: Probed): string =>
  documentUrlOf(listing) ?? `${withoutSlash(listing.apiBaseUrl)}/availability`;

export interface ProbeRegisteredOptions {
  readonly agentIdentifier: string;
  readonly allowPrivate: boolean;
  /** Milliseconds that the answer may take at most; the registry itself waits longer for a document. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/**
 * Returns why the registry would not take what a registered agent answers right now, as far as this machine sees it; undefined if it
 * would. An answer with another agent's identifier is none of this agent's.
 *
 * @throws the signal's reason
 */
export async function probeRegistered(
  listing: Probed,
  { agentIdentifier, allowPrivate, withinMs, signal }: ProbeRegisteredOptions,
): Promise<string | undefined> {
  const usual = expectationOf({ ...listing, agentIdentifier }, { allowPrivate });
  const expected = { ...usual, timeoutMs: Math.min(usual.timeoutMs, withinMs) };
  try {
    const { seen } = await attemptProbe(probedUrlOf(listing), allowPrivate, expected, signal);
    signal.throwIfAborted();
    return seen;
  } catch (error) {
    if (!(error instanceof RegistrationError)) throw error;
    return "its address is one that the network cannot reach";
  }
}

const tooLargeToKeep = (url: string, size: number): string =>
  `${url} has ${Math.ceil(size / 1024)} KiB: the network's registry keeps no copy of a document of more than ${LARGEST_KEPT_BYTES / 1024} KiB.`;

interface Attempt {
  /** Undefined if the agent answers as expected, otherwise what was observed. */
  readonly seen: string | undefined;
  /** Of the answer, in bytes. */
  readonly size: number;
}

async function attemptProbe(
  url: string,
  allowPrivate: boolean,
  expected: Expectation,
  signal?: AbortSignal,
): Promise<Attempt> {
  const guard = allowPrivate ? undefined : publicOnly(url);
  const timeout = AbortSignal.timeout(expected.timeoutMs);
  try {
    const response = await axios.get<string>(url, {
      responseType: "text",
      transformResponse: [(text: string) => text],
      headers: { Accept: expected.accept },
      maxRedirects: 0,
      maxContentLength: expected.maxBytes,
      validateStatus: () => true,
      proxy: false,
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      ...guard,
    });
    const { status, data, headers } = response;
    const isFine = status >= 200 && status < 300;
    const seen = isFine
      ? await expected.problemOf({ status, text: data, contentType: String(headers["content-type"] ?? "") })
      : `status ${status}${redirectText(status, headers["location"])}`;
    return { seen, size: Buffer.byteLength(data, "utf8") };
  } catch (error) {
    if (error instanceof RegistrationError) throw error;
    if (isPrivateAddressError(error)) throw privateAddress(url, error.address);
    return { seen: describeFailure(error as Error & { code?: string }, expected), size: 0 };
  }
}

function describeFailure({ code, message }: Error & { code?: string }, expected: Expectation): string {
  if (code === "ERR_CANCELED") return `no answer within ${expected.timeoutMs / 1000} s`;
  if (message.startsWith("maxContentLength")) {
    return `more than ${expected.maxBytes / 1024} KiB, which the network's registry does not read`;
  }
  return `no connection (${code ?? "unknown reason"})`;
}
