import { randomBytes } from "node:crypto";
import type { StartedJob } from "./agent-wire.ts";
import { inputHash } from "./hashes.ts";
import type { LockedUntil } from "./events.ts";
import { HireError } from "./hire-error.ts";
import type { InputData } from "./inputs.ts";
import { type Budget, type Offer, type Visit, readListing } from "./offer.ts";
import { inWords, requireWithin } from "./price.ts";
import { purchaseRequest } from "./purchase-request.ts";
import type { PurchaseBody } from "./purchase-wire.ts";
import type { Purchases } from "./purchases.ts";

/** The nonce of a purchase: 14 to 26 hexadecimal digits, as the payment service wants it. */
const NONCE_BYTES = 10;
export const newNonce = () => randomBytes(NONCE_BYTES).toString("hex");

/** The secret of an order. */
const KEY_BYTES = 32;
export const newKey = () => randomBytes(KEY_BYTES).toString("base64url");

/** A job that has begun; a paid one is paid for by `purchase`. */
export type Job =
  | { readonly kind: "free"; readonly jobId: string; readonly nonce: string }
  | {
      readonly kind: "paid";
      readonly jobId: string;
      readonly nonce: string;
      readonly agentName: string;
      /** For people. */
      readonly price: string;
      readonly purchase: PurchaseBody;
      readonly purchases: Purchases;
      readonly locked: LockedUntil;
    };

/** All that a job is begun with; the same nonce and key begin the same job. */
export interface Start {
  readonly nonce: string;
  readonly key: string;
  readonly visit: Visit;
  readonly offer: Offer;
  readonly input: InputData;
  readonly budget: Budget;
}

/**
 * Begin a job, and check the agent's answer against what was offered. Nothing is paid yet.
 *
 * @throws HireError HIRE_TERMS_DIFFER, HIRE_PRICE_UNKNOWN, HIRE_PRICE_TOO_HIGH, HIRE_DUE_TOO_LATE, HIRE_AGENT_UNREACHABLE,
 *   HIRE_AGENT_REFUSED
 */
export async function startJob(start: Start, signal: AbortSignal): Promise<Job> {
  const { visit, offer, input, nonce, key } = start;
  if (offer.kind === "free") {
    const { jobId } = await visit.agent.startJob({ input_data: input }, key, signal);
    return { kind: "free", jobId, nonce };
  }
  const body = { identifier_from_purchaser: nonce, input_data: input };
  const answer = await visit.agent.startJob(body, key, signal);
  if (answer.blockchainIdentifier) {
    const priced = offer.kind === "priced" ? offer : await readUndisclosed(answer, start, signal);
    return paidJob(answer, priced, start);
  }
  if (offer.kind === "undisclosed") return { kind: "free", jobId: answer.jobId, nonce };
  throw notWhatWasOffered(
    "The agent has a price in the registry, but its answer to start_job has no blockchainIdentifier to pay.",
  );
}

type PricedOffer = Extract<Offer, { kind: "priced" }>;

/** Some agents tell their identifier with the job only: the registry is asked then, still before anything is paid. */
async function readUndisclosed(
  answer: StartedJob,
  { visit, budget }: Start,
  signal: AbortSignal,
): Promise<PricedOffer> {
  const { agentIdentifier, supportedPaymentSourceIndex: sourceIndex } = answer;
  if (!agentIdentifier) {
    throw notWhatWasOffered(
      "The agent wants to be paid but does not give its identifier, so its price cannot be looked up.",
    );
  }
  const offer = await readListing(visit, { agentIdentifier, sourceIndex }, budget, signal);
  if (offer.kind === "priced") return offer;
  throw notWhatWasOffered("The agent is free according to the registry, but wants to be paid.");
}

const notWhatWasOffered = (what: string) =>
  new HireError("HIRE_TERMS_DIFFER", what, "Nothing was paid. Hire another agent.");

function paidJob(
  answer: StartedJob,
  { listed, purchases }: PricedOffer,
  { visit, input, nonce, budget: { market, limits, maxDays } }: Start,
): Job {
  const purchase = purchaseRequest(answer, {
    network: market.network,
    purchaser: nonce,
    inputHash: inputHash(nonce, input),
    agent: listed,
    sellerVkeys: visit.sellerVkeys,
    now: Date.now(),
  });
  requireWithin(purchase.Amounts, limits, market.assets);
  const locked = {
    withoutResult: Number(purchase.submitResultTime),
    withResult: Number(purchase.unlockTime),
    inDispute: Number(purchase.externalDisputeUnlockTime),
  };
  requireSoon(locked.withoutResult, maxDays);
  const price = inWords(purchase.Amounts, market.assets);
  return {
    kind: "paid",
    jobId: answer.jobId,
    nonce,
    agentName: listed.name,
    price,
    purchase,
    purchases,
    locked,
  };
}

const DAY_MS = 86_400_000;

/** @throws HireError HIRE_DUE_TOO_LATE */
function requireSoon(due: number, maxDays: number): void {
  if (due <= Date.now() + maxDays * DAY_MS) return;
  throw new HireError(
    "HIRE_DUE_TOO_LATE",
    `The result is due by ${new Date(due).toISOString()}, which is later than --max-days ${maxDays} allows: the money would be locked that long. Nothing was paid.`,
    "Raise --max-days, or hire another agent.",
  );
}
