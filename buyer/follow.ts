import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../providers/masumi/index.ts";
import { printable } from "../providers/printable.ts";
import type { AgentApi } from "./agent-api.ts";
import type { JobStatus } from "./agent-wire.ts";
import type { Answering } from "./answering.ts";
import { type Outcome, type Stage, nextStep } from "./course.ts";
import { HireError } from "./errors.ts";
import type { Hire, PaidHire } from "./hire-file.ts";
import type { Purchase } from "./purchase-wire.ts";
import type { Purchases } from "./purchases.ts";
import { questionOf } from "./question.ts";
import { type HireReport, iso, reportOf } from "./report.ts";

export interface Following<H extends Hire = Hire> {
  readonly agent: AgentApi;
  readonly hire: H;
  readonly answering: Answering;
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
  hire: PaidHire,
  signal: AbortSignal,
): Promise<Purchase | undefined> {
  try {
    return await purchases.find(hire.purchase.blockchainIdentifier, signal);
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** Waits for the result of a free job. @throws HireError HIRE_JOB_FAILED, HIRE_ANSWER_INVALID */
export async function followFree(following: Following): Promise<HireReport> {
  const { agent, hire, pollMs, signal } = following;
  const tell = teller(following.say);
  for (;;) {
    const job = await lookAtJob(agent, hire.jobId, signal);
    if (job?.status === "completed" && job.result)
      return reportOf(hire, { outcome: "result", result: job.result });
    if (job?.status === "failed" || job?.status === "completed") {
      const why = job.message ?? job.error;
      throw new HireError(
        "HIRE_JOB_FAILED",
        `The job ended without a result.${why ? ` The agent says: ${printable(why).slice(0, 300)}` : ""}`,
        "Nothing was paid. Try again, or hire another agent.",
      );
    }
    if (job?.status === "awaiting_input") {
      const open = await answered(following, job, tell.line);
      if (open) return reportOf(hire, open);
    } else {
      tell.line(STAGES.running);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Has the job's question answered; how the hire ends for now if nobody does. */
async function answered(
  { agent, hire, answering, signal }: Following,
  job: JobStatus,
  say: (line: string) => void,
): Promise<{ readonly outcome: "question"; readonly question: unknown } | undefined> {
  const question = questionOf(job);
  if (!question) {
    say("The agent asks for something, and not as MIP-003 has it: this command cannot answer.");
    return undefined;
  }
  const isAnswered = await answering.answer(agent, hire, question, signal);
  return isAnswered ? undefined : { outcome: "question", question: question.schema };
}

const STAGES: Record<Stage, string> = {
  locking: "Locking the funds ...",
  locked: "The agent begins ...",
  running: "The agent works ...",
  delivered: "The agent has the result; its hash is on its way to the chain ...",
  refunding: "Asking for the money back ...",
};

export interface PaidFollowing extends Following<PaidHire> {
  readonly purchases: Purchases;
  /** The purchase as it was made or found. */
  readonly purchase: Purchase;
  /** The buyer wants the money back, whatever the job does. */
  readonly wantsRefund: boolean;
}

/**
 * Waits until a paid job has ended, and asks for the money back when there is no result.
 *
 * @throws HireError HIRE_NOT_PAID, HIRE_BUYER_REFUSED, HIRE_ANSWER_INVALID
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
    } else if (step.does === "answer") {
      const open = job && (await answered(following, job, tell.line));
      if (open) return reportOf(hire, open, purchase);
    } else {
      tell.line(`Asking for the money back: ${step.why}.`);
      await askForRefund(purchases, hire);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** A lost answer is no matter: the next look shows whether it was taken, and else it is asked again. */
async function askForRefund(purchases: Purchases, { purchase }: PaidHire): Promise<void> {
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

function ended(hire: PaidHire, purchase: Purchase, outcome: Outcome): HireReport {
  if (outcome.kind === "not-paid") {
    throw new HireError(
      "HIRE_NOT_PAID",
      `${printable(outcome.why).replace(/[.\s]*$/, ".")} No funds went to the seller.`,
      "Look at the purchase in your payment service, and whether its purchasing wallet has what the job costs and " +
        "some ADA for fees; then hire anew.",
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
