import { EXIT } from "./errors.ts";
import type { HashRule } from "./hashes.ts";
import type { Hire } from "./hire-file.ts";
import type { Purchase } from "./purchase-wire.ts";

/** How a hire ended; documented in docs/outputs.md. */
export interface HireReport {
  readonly version: 1;
  /** The id for --resume; null for a free job. */
  readonly id: string | null;
  /**
   * `result`: with the hash that is on the chain, or of a free job. `differs`: there is a result, and another hash.
   * `refund`: the money was asked for, or is back.
   */
  readonly outcome: "result" | "differs" | "refund";
  readonly agent: { readonly name: string; readonly url: string; readonly agentIdentifier: string | null };
  readonly jobId: string;
  /** For people; null for a free job. */
  readonly price: string | null;
  readonly result: string | null;
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

export const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

const base = { version: 1, result: null, hashRule: null } as const;

export function freeReport(agent: { url: string; name: string }, jobId: string, result: string): HireReport {
  return {
    ...base,
    id: null,
    outcome: "result",
    agent: { ...agent, agentIdentifier: null },
    jobId,
    price: null,
    result,
    purchase: null,
  };
}

export function paidReport(
  hire: Hire,
  purchase: Purchase,
  ended: Pick<HireReport, "outcome"> & Partial<Pick<HireReport, "result" | "hashRule">>,
): HireReport {
  return {
    ...base,
    id: hire.id,
    outcome: ended.outcome,
    agent: { ...hire.agent, agentIdentifier: hire.purchase.agentIdentifier },
    jobId: hire.jobId,
    price: hire.price,
    result: ended.result ?? null,
    hashRule: ended.hashRule ?? null,
    purchase: {
      blockchainIdentifier: purchase.blockchainIdentifier,
      onChainState: purchase.onChainState ?? null,
      requestedAction: purchase.NextAction.requestedAction,
      resultHash: purchase.resultHash || null,
      txHash: purchase.CurrentTransaction?.txHash ?? null,
      submitResultTime: iso(purchase.submitResultTime),
      unlockTime: iso(purchase.unlockTime),
    },
  };
}

export const exitCodeOf = ({ outcome }: HireReport): number =>
  outcome === "result" ? EXIT.result : outcome === "refund" ? EXIT.refund : EXIT.failed;

/** How a refund stands, and what comes next. */
export function refundStands({ id, purchase }: HireReport): string {
  const state = purchase?.onChainState;
  const later = `See how it goes on with: npx masumi-agents hire --resume ${id}`;
  switch (state) {
    case "RefundWithdrawn":
    case "DisputedWithdrawn":
      return `The money is no longer in the contract (${state}).`;
    case "Disputed":
      return `The seller gave a result after all, so the refund is disputed: the seller or the network's admins decide. ${later}`;
    case "RefundAuthorized":
      return `The seller agreed to the refund; the payment service collects it. ${later}`;
    default:
      return `The refund is asked for. Without a result it comes back by itself after ${purchase?.submitResultTime}, sooner if the seller agrees. ${later}`;
  }
}
