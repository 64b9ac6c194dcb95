import type { HashRule } from "./hashes.ts";
import type { Hire } from "./hire-file.ts";
import type { Purchase } from "./purchase-wire.ts";

/** An agent as a buyer knows it. */
export interface HiredAgent {
  /** By the registry, or by the stack; the URL where neither was asked. */
  readonly name: string;
  readonly url: string;
  /** Its id in the buyer's own stack. */
  readonly id: string | null;
  readonly agentIdentifier: string | null;
}

/** Return whom a hire is about. */
export const hiredAgent = ({ agent, purchase }: Pick<Hire, "agent" | "purchase">): HiredAgent => ({
  name: agent.name,
  url: agent.url,
  id: agent.id ?? null,
  agentIdentifier: purchase?.agentIdentifier ?? agent.agentIdentifier ?? null,
});

/** How a hire ended; documented in docs/outputs.md. */
export interface HireReport {
  readonly version: 1;
  /** The id for --resume. */
  readonly id: string;
  /**
   * `result`: with the hash that is on the chain, or of a free job. `differs`: there is a result, and another hash.
   * `refund`: the money was asked for, or is back. `question`: the agent asks, and nobody is here to answer.
   */
  readonly outcome: "result" | "differs" | "refund" | "question";
  readonly agent: HiredAgent;
  readonly jobId: string;
  /** For people; null for a free job. */
  readonly price: string | null;
  readonly result: string | null;
  /** The input schema of the question, as the agent spells it. */
  readonly question: unknown;
  /** The rule by which the result's hash is the one on the chain. */
  readonly hashRule: HashRule | null;
  readonly purchase: {
    readonly blockchainIdentifier: string;
    readonly onChainState: string | null;
    readonly requestedAction: string;
    readonly resultHash: string | null;
    readonly txHash: string | null;
    readonly submitResultTime: string;
    readonly unlockTime: string;
  } | null;
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

type Ending = Pick<HireReport, "outcome"> & Partial<Pick<HireReport, "result" | "hashRule" | "question">>;

/** Return how a hire stands or ended. `purchase`: as it is now; free jobs have none. */
export function reportOf(hire: Hire, ended: Ending, purchase?: Purchase): HireReport {
  return {
    version: 1,
    id: hire.id,
    outcome: ended.outcome,
    agent: hiredAgent(hire),
    jobId: hire.jobId,
    price: hire.price,
    result: ended.result ?? null,
    hashRule: ended.hashRule ?? null,
    question: ended.question ?? null,
    purchase: purchase ? standing(purchase) : null,
  };
}

const standing = (purchase: Purchase): HireReport["purchase"] => ({
  blockchainIdentifier: purchase.blockchainIdentifier,
  onChainState: purchase.onChainState ?? null,
  requestedAction: purchase.NextAction.requestedAction,
  resultHash: purchase.resultHash || null,
  txHash: purchase.CurrentTransaction?.txHash ?? null,
  submitResultTime: iso(purchase.submitResultTime),
  unlockTime: iso(purchase.unlockTime),
});
