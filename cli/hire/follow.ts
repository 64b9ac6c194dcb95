import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../../providers/masumi/index.ts";
import { printable } from "../text.ts";
import type { AgentApi } from "./agent-api.ts";
import type { JobStatus } from "./agent-wire.ts";
import { type Outcome, type Stage, nextStep } from "./course.ts";
import { HireError } from "./errors.ts";
import type { Hire } from "./hire-file.ts";
import type { Purchase } from "./purchase-wire.ts";
import type { Purchases } from "./purchases.ts";
import { type HireReport, freeReport, iso, paidReport } from "./report.ts";

export interface Following {
  readonly agent: AgentApi;
  /** Between two looks. */
  readonly pollMs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The agent's word on a job; undefined while it does not answer, which may pass. */
async function lookAtJob(
  agent: AgentApi,
  jobId: string,
  signal: AbortSignal,
): Promise<JobStatus | undefined> {
  try {
    return await agent.status(jobId, signal);
  } catch (error) {
    if (error instanceof HireError) return undefined;
    throw error;
  }
}

async function lookAtPurchase(
  purchases: Purchases,
  hire: Hire,
  signal: AbortSignal,
): Promise<Purchase | undefined> {
  try {
    return await purchases.find(hire.purchase.blockchainIdentifier, signal);
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** Waits for the result of a free job. @throws HireError HIRE_JOB_FAILED */
export async function followFree(
  name: string,
  jobId: string,
  { agent, pollMs, say, signal }: Following,
): Promise<HireReport> {
  let said = "";
  for (;;) {
    const job = await lookAtJob(agent, jobId, signal);
    if (job?.status === "completed" && job.result)
      return freeReport({ url: agent.url, name }, jobId, job.result);
    if (job?.status === "failed" || job?.status === "completed") {
      const why = job.message ?? job.error;
      throw new HireError(
        "HIRE_JOB_FAILED",
        `The job ended without a result.${why ? ` The agent says: ${printable(why).slice(0, 300)}` : ""}`,
        "Nothing was paid. Try again, or hire another agent.",
      );
    }
    const line = job?.status === "awaiting_input" ? STAGES.asking : STAGES.running;
    if (line !== said) say(line);
    said = line;
    await sleep(pollMs, undefined, { signal });
  }
}

const STAGES: Record<Stage, string> = {
  locking: "Locking the funds ...",
  locked: "The agent begins ...",
  running: "The agent works ...",
  asking: "The agent asks back, which this command cannot answer: POST /provide_input on the agent.",
  delivered: "The agent has the result; its hash is on its way to the chain ...",
  refunding: "Asking for the money back ...",
};

export interface PaidFollowing extends Following {
  readonly purchases: Purchases;
  readonly hire: Hire;
  /** The purchase as it was made or found. */
  readonly purchase: Purchase;
  /** The buyer wants the money back, whatever the job does. */
  readonly wantsRefund: boolean;
}

/**
 * Waits until a paid job has ended, and asks for the money back when there is no result.
 *
 * @throws HireError HIRE_NOT_PAID, HIRE_BUYER_REFUSED
 */
export async function followPaid(following: PaidFollowing): Promise<HireReport> {
  const { agent, purchases, hire, pollMs, signal, wantsRefund } = following;
  const tell = teller(following.say);
  let purchase = following.purchase;
  if (purchase.onChainState == null) tell.line(STAGES.locking);
  for (;;) {
    const job = await lookAtJob(agent, hire.jobId, signal);
    // Read after the job: a result that the agent shows may be on the chain by now, never the other way round.
    purchase = (await lookAtPurchase(purchases, hire, signal)) ?? purchase;
    tell.purchase(purchase);
    const purchaser = hire.purchase.identifierFromPurchaser;
    const step = nextStep({ purchase, job, purchaser, now: Date.now(), wantsRefund });
    if (step.does === "end") return ended(hire, purchase, step.outcome);
    if (step.does === "wait") {
      tell.line(STAGES[step.stage]);
    } else {
      tell.line(`Asking for the money back: ${step.why}.`);
      await askForRefund(purchases, hire);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** A lost answer is no matter: the next look shows whether it was taken, and else it is asked again. */
async function askForRefund(purchases: Purchases, { purchase }: Hire): Promise<void> {
  try {
    await purchases.requestRefund(purchase.blockchainIdentifier);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}

/** Says each thing once. */
function teller(say: (line: string) => void) {
  let lastLine = "";
  let lastState: string | null | undefined;
  const line = (text: string) => {
    if (text !== lastLine) say(text);
    lastLine = text;
  };
  return {
    line,
    purchase({
      onChainState: state,
      CurrentTransaction: transaction,
      resultHash,
      submitResultTime,
    }: Purchase) {
      if (state === lastState) return;
      lastState = state;
      const tx = transaction?.txHash ? `: transaction ${transaction.txHash}` : "";
      if (state === "FundsLocked") {
        say(`Funds locked${tx}. The result is due by ${iso(submitResultTime)}.`);
      } else if (state === "ResultSubmitted") {
        say(`Result submitted${tx}, hash ${resultHash ?? ""}.`);
      } else if (state != null) {
        say(`On the chain: ${state}${tx}.`);
      }
    },
  };
}

function ended(hire: Hire, purchase: Purchase, outcome: Outcome): HireReport {
  if (outcome.kind === "not-paid") {
    throw new HireError(
      "HIRE_NOT_PAID",
      `${printable(outcome.why).replace(/[.\s]*$/, ".")} No funds went to the seller.`,
      "Look at the purchase in your payment service, and whether its purchasing wallet has what the job costs and " +
        "some ADA for fees; then hire anew.",
    );
  }
  return paidReport(hire, purchase, {
    outcome: outcome.kind,
    ...("result" in outcome ? { result: outcome.result } : {}),
    ...("rule" in outcome ? { hashRule: outcome.rule } : {}),
  });
}
