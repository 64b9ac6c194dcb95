import { printable } from "../../../common/printable.ts";
import type { Listing, ListingType } from "../model.ts";
import { USUAL_A2A_VERSIONS, listingTypeOf } from "../listing-type.ts";
import { problemOfCard } from "./agent-card.ts";
import { parseJson } from "./json.ts";
import { problemOfOpenApi } from "./openapi.ts";
import { problemOfManifest } from "./x402-manifest.ts";

/* What the network's registry wants to see of an agent, by its type. */

export interface ProbeAnswer {
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
}

export interface Expectation {
  readonly accept: string;
  readonly maxBytes: number;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Returns what is wrong with an answer of status 2xx; undefined if nothing is. */
  readonly problemOf: (answer: ProbeAnswer) => string | undefined | Promise<string | undefined>;
}

export interface Asked extends Pick<Listing, "type" | "protocolVersions"> {
  /** The identifier that an agent must answer with, if it answers with one. @default any: a new agent has none yet */
  readonly agentIdentifier?: string | undefined;
}

const MIB = 1024 * 1024;
/** Of an identifier that is none of ours, in characters: ours have 120. */
const LONGEST_SHOWN = 130;
const DOCUMENT = { maxBytes: 5 * MIB, timeoutMs: 20_000 } as const;

const EXPECTATIONS: Readonly<Record<ListingType, (listing: Asked, allowPrivate: boolean) => Expectation>> = {
  standard: ({ agentIdentifier }) => ({
    accept: "application/json",
    maxBytes: MIB,
    timeoutMs: 5_000,
    problemOf: (answer) => problemOfAvailability(answer, agentIdentifier),
  }),
  openapi: () => ({
    ...DOCUMENT,
    accept: "application/json, application/yaml, text/yaml, text/plain",
    problemOf: ({ text }) => problemOfOpenApi(text),
  }),
  // The payment service reads it too, before it registers, and less of it.
  a2a: ({ protocolVersions = USUAL_A2A_VERSIONS }, allowPrivate) => ({
    accept: "application/json",
    maxBytes: MIB,
    timeoutMs: 10_000,
    problemOf: (answer) => problemOfCard(answer, { protocolVersions, allowHttp: allowPrivate }),
  }),
  x402: () => ({
    ...DOCUMENT,
    accept: "application/json",
    problemOf: ({ text }) => problemOfManifest(text),
  }),
};

/** `allowPrivate`: an agent of a simulated network may be at a plain http URL, and its document say so. */
export const expectationOf = (
  listing: Asked,
  { allowPrivate }: { readonly allowPrivate: boolean },
): Expectation => EXPECTATIONS[listingTypeOf(listing)](listing, allowPrivate);

function problemOfAvailability({ status, text }: ProbeAnswer, expected?: string): string | undefined {
  const body = parseJson(text);
  if (body === undefined) return `status ${status}, but not JSON`;
  const { type, agentIdentifier } = (body ?? {}) as Record<string, unknown>;
  const told = typeof agentIdentifier === "string" ? agentIdentifier : "";
  if (expected !== undefined && told !== "" && told !== expected) {
    return `status ${status}, and another agentIdentifier: ${printable(told.slice(0, LONGEST_SHOWN))}`;
  }
  if (type === "masumi-agent" || told !== "") return undefined;
  return `status ${status} and JSON, but without type masumi-agent or an agentIdentifier`;
}
