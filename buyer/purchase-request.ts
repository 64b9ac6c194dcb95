import type { Network } from "../infra/declarations/index.ts";
import { printable } from "../providers/common/printable.ts";
import type { StartedJob } from "./agent-wire.ts";
import { HireError } from "./hire-error.ts";
import { type VerifiedAgent, termsDiffer } from "./verified-agent.ts";
import { type Funds, totals } from "./price.ts";
import type { PurchaseBody } from "./purchase-wire.ts";

const MINUTE = 60_000;
/** The payment service's own rules for the times of a payment. */
const RESULT_AFTER_PAYMENT = 5 * MINUTE;
const BETWEEN_LATER_TIMES = 15 * MINUTE;
/** Nobody locks money for longer by mistake. */
const LONGEST_DAYS = 60;
/** A time before this is one in seconds. */
const YEAR_2001 = 1e12;

/** What was asked of the agent, and what was known of it before. */
export interface Agreed {
  readonly network: Network;
  readonly purchaser: string;
  readonly inputHash: string;
  readonly agent: VerifiedAgent;
  /** Verification keys of the seller's wallet that were named before, by /payment_information or the stack. */
  readonly sellerVkeys: readonly string[];
  /** Now, in Unix milliseconds. */
  readonly now: number;
}

interface Times {
  readonly payByTime: number;
  readonly submitResultTime: number;
  readonly unlockTime: number;
  readonly externalDisputeUnlockTime: number;
}

function wrongTimes(times: Times, now: number): string[] {
  const named = Object.entries(times);
  const inSeconds = named.filter(([, time]) => time < YEAR_2001).map(([name]) => name);
  if (inSeconds.length > 0) {
    return [`${inSeconds.join(", ")}: no time in Unix milliseconds, which the payment service takes`];
  }
  const { payByTime, submitResultTime, unlockTime, externalDisputeUnlockTime } = times;
  const rules: readonly (readonly [holds: boolean, problem: string])[] = [
    [payByTime > now, "payByTime is over: the funds could not be locked in time"],
    [
      submitResultTime >= payByTime + RESULT_AFTER_PAYMENT,
      "submitResultTime is not 5 minutes after payByTime",
    ],
    [
      unlockTime >= submitResultTime + BETWEEN_LATER_TIMES,
      "unlockTime is not 15 minutes after submitResultTime",
    ],
    [
      externalDisputeUnlockTime >= unlockTime + BETWEEN_LATER_TIMES,
      "externalDisputeUnlockTime is not 15 minutes after unlockTime",
    ],
    [
      externalDisputeUnlockTime <= now + LONGEST_DAYS * 24 * 60 * MINUTE,
      `externalDisputeUnlockTime is more than ${LONGEST_DAYS} days away: the funds would be locked so long`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/**
 * Compare the agent's answer to start_job with what was asked and agreed, and return the purchase to request.
 *
 * @throws HireError HIRE_TERMS_DIFFER with every difference, HIRE_PRICE_UNKNOWN
 */
export function purchaseRequest(job: StartedJob, agreed: Agreed): PurchaseBody {
  const { network, purchaser, agent, now } = agreed;
  const problems: string[] = [];
  const mustBe = (what: string, given: string | null | undefined, wanted: string, isNeeded = true) => {
    if (given === wanted || (!given && !isNeeded)) return;
    problems.push(given ? `${what} is ${printable(given)}, not ${wanted}` : `${what} is missing`);
  };
  mustBe("identifierFromPurchaser", job.identifierFromPurchaser, purchaser, false);
  mustBe("agentIdentifier", job.agentIdentifier, agent.agentIdentifier, false);
  mustBe("input_hash", job.input_hash, agreed.inputHash);
  const sellerVkey = job.sellerVKey ?? agreed.sellerVkeys[0] ?? "";
  if (!sellerVkey) problems.push("sellerVKey is missing");
  for (const named of agreed.sellerVkeys) mustBe("sellerVKey", sellerVkey, named);
  const times = {
    payByTime: job.payByTime ?? 0,
    submitResultTime: job.submitResultTime ?? 0,
    unlockTime: job.unlockTime ?? 0,
    externalDisputeUnlockTime: job.externalDisputeUnlockTime ?? 0,
  };
  problems.push(...wrongTimes(times, now));
  if (job.supportedPaymentSourceIndex != null && job.supportedPaymentSourceIndex !== agent.sourceIndex) {
    problems.push(
      `supportedPaymentSourceIndex is ${job.supportedPaymentSourceIndex}, not ${agent.sourceIndex}`,
    );
  }
  if (problems.length > 0)
    throw termsDiffer("The agent's answer to start_job is not what was agreed", problems);
  return {
    network,
    blockchainIdentifier: job.blockchainIdentifier ?? "",
    agentIdentifier: agent.agentIdentifier,
    sellerVkey,
    inputHash: agreed.inputHash,
    identifierFromPurchaser: purchaser,
    payByTime: String(times.payByTime),
    submitResultTime: String(times.submitResultTime),
    unlockTime: String(times.unlockTime),
    externalDisputeUnlockTime: String(times.externalDisputeUnlockTime),
    ...(agent.sourceIndex === undefined ? {} : { supportedPaymentSourceIndex: agent.sourceIndex }),
    // Of a fixed price too: the service refuses the purchase should the chain's price be another one by then.
    Amounts: agent.pricing.type === "fixed" ? plain(agent.pricing.funds) : dynamicPrice(job),
  };
}

const plain = (funds: readonly Funds[]): Funds[] =>
  Array.from(totals(funds), ([unit, amount]) => ({ amount: String(amount), unit }));

function dynamicPrice({ amounts }: StartedJob): Funds[] {
  if (amounts && amounts.length > 0) return amounts.map(({ amount, unit }) => ({ amount, unit }));
  throw new HireError(
    "HIRE_PRICE_UNKNOWN",
    "The agent's price is dynamic, and its answer to start_job does not say in `amounts` what this job costs.",
    "Nothing was paid. Ask its operator, or hire another agent.",
  );
}
