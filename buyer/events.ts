import type { Stage } from "./next-step.ts";

/** Until when the money of a job is locked at the latest, in Unix milliseconds. */
export interface LockedUntil {
  /** When the result is due: without one, the money can be had back then. */
  readonly withoutResult: number;
  /** When the seller may collect the money for the result. */
  readonly withResult: number;
  readonly inDispute: number;
}

/** What happens while an agent is hired. Every text in it is safe to show. */
export type HireEvent =
  /** What the agent discloses of being an AI: it is told before anything is paid. */
  | { readonly kind: "disclosure"; readonly text: string }
  /** The agent works for free; `name` if the registry says so, and not only the agent. */
  | { readonly kind: "free"; readonly name?: string }
  /** The agent tells neither its identifier nor its price before it has a job. */
  | { readonly kind: "price-undisclosed" }
  /** What the job costs, in words, and until when the money is locked; both are within the limits. */
  | { readonly kind: "price"; readonly name: string; readonly price: string; readonly locked: LockedUntil }
  /** How far the job is. */
  | { readonly kind: "stage"; readonly stage: Stage }
  /** The purchase has come to another state on the chain. */
  | {
      readonly kind: "chain";
      readonly state: string;
      readonly txHash: string | undefined;
      readonly resultHash: string | undefined;
      /** Unix milliseconds. */
      readonly submitResultTime: number;
    }
  /** The agent says that the job failed; who runs that agent can look up why. */
  | { readonly kind: "job-failed"; readonly agentUrl: string; readonly jobId: string }
  | { readonly kind: "refund-request"; readonly why: string }
  /** The agent asks for something, and not as MIP-003 has it. */
  | { readonly kind: "question-unreadable" }
  /** `isUnderstood`: false when the agent has another hash of the answer. */
  | { readonly kind: "answer-sent"; readonly isUnderstood: boolean }
  | { readonly kind: "answer-refused"; readonly what: string }
  /** The hire is over, and the answer that was given beforehand was not asked for. */
  | { readonly kind: "answer-unused" };
