import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../providers/masumi/service/index.ts";
import { printable } from "../providers/common/printable.ts";
import { isLoopbackUrl } from "../providers/common/loopback.ts";
import type { AgentApi } from "./agent-api.ts";
import type { JobStatus } from "./agent-wire.ts";
import { type Answering, questionOf } from "./answering.ts";
import type { HireEvent } from "./events.ts";
import { HireError } from "./hire-error.ts";
import type { Hire, PaidHire } from "./hire-file.ts";
import { type HireReport, reportOf } from "./hire-report.ts";
import { type Outcome, nextStep } from "./next-step.ts";
import type { Purchase } from "./purchase-wire.ts";
import type { Purchases } from "./purchases.ts";

/** What following a job takes beside the hire. */
export interface Follower {
  readonly agent: AgentApi;
  readonly answering: Answering;
  readonly onEvent: (event: HireEvent) => void;
  readonly signal: AbortSignal;
}

/** Between two looks; what is on this machine costs nothing to ask, and its chain may be faster than any real one. */
const LOCAL_POLL_MS = 250;
const POLL_MS = 5_000;
const pollMs = (...urls: readonly string[]) => (urls.every(isLoopbackUrl) ? LOCAL_POLL_MS : POLL_MS);

/** Wait for the result of a free job. @throws HireError HIRE_JOB_FAILED, HIRE_ANSWER_INVALID, HIRE_RESULT_ERASED */
export async function followFree(hire: Hire, follower: Follower): Promise<HireReport> {
  const { agent, signal } = follower;
  const tell = onceEach(follower.onEvent);
  for (;;) {
    const job = await lookAtJob(agent, hire.jobId, signal);
    if (job instanceof HireError) throw job;
    if (job?.status === "completed" && job.result)
      return reportOf(hire, { outcome: "result", result: job.result });
    if (job?.status === "failed" || job?.status === "completed") {
      tell({ kind: "job-failed", agentUrl: agent.url, jobId: hire.jobId });
      throw jobFailed(job);
    }
    if (job?.status === "awaiting_input") {
      const open = await answerQuestion(hire, job, follower, tell);
      if (open) return reportOf(hire, open);
    } else {
      tell({ kind: "stage", stage: "running" });
    }
    await sleep(pollMs(agent.url), undefined, { signal });
  }
}

/** A purchase that was made, and what is wanted of it. */
export interface Made {
  readonly purchases: Purchases;
  /** The purchase as it was made or found. */
  readonly purchase: Purchase;
  /** The buyer wants the money back, whatever the job does. */
  readonly wantsRefund: boolean;
}

/**
 * Wait until a paid job has ended, and ask for the money back when there is no result.
 *
 * @throws HireError HIRE_NOT_PAID, HIRE_BUYER_REFUSED, HIRE_ANSWER_INVALID, HIRE_RESULT_ERASED
 */
export async function followPaid(
  hire: PaidHire,
  follower: Follower,
  { purchases, wantsRefund, ...made }: Made,
): Promise<HireReport> {
  const { agent, signal } = follower;
  const tell = onceEach(follower.onEvent);
  let { purchase } = made;
  let state: string | null | undefined;
  let hasFailed = false;
  if (purchase.onChainState == null) tell({ kind: "stage", stage: "locking" });
  for (;;) {
    const seen = await lookAtJob(agent, hire.jobId, signal);
    const job = seen instanceof HireError ? undefined : seen;
    // Read after the job: a result that the agent shows may be on the chain by now, never the other way round.
    purchase = (await lookAtPurchase(purchases, hire, signal)) ?? purchase;
    if (job?.status === "failed" && !hasFailed) {
      hasFailed = true;
      tell({ kind: "job-failed", agentUrl: agent.url, jobId: hire.jobId });
    }
    if (purchase.onChainState !== state) tellState(purchase, follower.onEvent);
    state = purchase.onChainState;
    const purchaser = hire.purchase.identifierFromPurchaser;
    const step = nextStep({ purchase, job, purchaser, now: Date.now(), wantsRefund });
    if (step.does === "end") return ended(hire, purchase, step.outcome);
    // Whatever an agent says, its buyer goes on for as long as the money can be had back.
    if (seen instanceof HireError && state === "Withdrawn") throw seen;
    if (step.does === "wait") {
      tell({ kind: "stage", stage: step.stage });
    } else if (step.does === "answer") {
      const open = job && (await answerQuestion(hire, job, follower, tell));
      if (open) return reportOf(hire, open, purchase);
    } else {
      tell({ kind: "refund-request", why: step.why });
      await askForRefund(purchases, hire);
    }
    await sleep(pollMs(agent.url, purchases.url), undefined, { signal });
  }
}

/** What the payment service tells; undefined where it tells nothing, which may pass. */
async function tolerate<T>(look: Promise<T>) {
  try {
    return await look;
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** What the agent says of the job; undefined while it does not say anything, the error once the result is erased. */
async function lookAtJob(
  agent: AgentApi,
  jobId: string,
  signal: AbortSignal,
): Promise<JobStatus | HireError | undefined> {
  try {
    return await agent.status(jobId, signal);
  } catch (error) {
    if (!(error instanceof HireError)) throw error;
    return error.code === "HIRE_RESULT_ERASED" ? error : undefined;
  }
}

const lookAtPurchase = (purchases: Purchases, { purchase }: PaidHire, signal: AbortSignal) =>
  tolerate(purchases.find(purchase.blockchainIdentifier, signal));

/** A lost answer is no matter: the next look shows whether it was taken, and else it is asked again. */
const askForRefund = (purchases: Purchases, { purchase }: PaidHire) =>
  tolerate(purchases.requestRefund(purchase.blockchainIdentifier));

/** Has the job's question answered; how the hire ends for now if nobody does. */
async function answerQuestion(
  hire: Hire,
  job: JobStatus,
  { agent, answering, signal }: Follower,
  tell: (event: HireEvent) => void,
): Promise<{ readonly outcome: "question"; readonly question: unknown } | undefined> {
  const question = questionOf(job);
  if (!question) {
    tell({ kind: "question-unreadable" });
    return undefined;
  }
  const isAnswered = await answering.answer(agent, hire, question, signal);
  return isAnswered ? undefined : { outcome: "question", question: question.schema };
}

/** Hands an event on unless it is the last one again. */
function onceEach(onEvent: (event: HireEvent) => void): (event: HireEvent) => void {
  let last = "";
  return (event) => {
    const text = JSON.stringify(event);
    if (text !== last) onEvent(event);
    last = text;
  };
}

function tellState(purchase: Purchase, onEvent: (event: HireEvent) => void): void {
  const { onChainState: state, CurrentTransaction: transaction, resultHash, submitResultTime } = purchase;
  if (state == null) return;
  const txHash = transaction?.txHash ?? undefined;
  onEvent({ kind: "chain", state, txHash, resultHash: resultHash ?? undefined, submitResultTime });
}

function jobFailed({ message, error }: JobStatus): HireError {
  const why = message ?? error;
  return new HireError(
    "HIRE_JOB_FAILED",
    `The job ended without a result.${why ? ` The agent says: ${printable(why).slice(0, 300)}` : ""}`,
    "Nothing was paid. Try again, or hire another agent.",
  );
}

function ended(hire: PaidHire, purchase: Purchase, outcome: Outcome): HireReport {
  if (outcome.kind === "not-paid") {
    throw new HireError(
      "HIRE_NOT_PAID",
      `${printable(outcome.why).replace(/[.\s]*$/, ".")} No funds went to the seller.`,
      "Look at the purchase in your payment service, and check that its purchasing wallet has the price of the job and " +
        "some ADA for fees; then hire again.",
    );
  }
  const { kind, ...found } = outcome;
  return reportOf(
    hire,
    {
      outcome: kind,
      ...("result" in found ? { result: found.result } : {}),
      ...("rule" in found ? { hashRule: found.rule } : {}),
    },
    purchase,
  );
}
