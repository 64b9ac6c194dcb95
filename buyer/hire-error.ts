/*
 * Why a hire stops. Each has a stable code (docs/errors.md), says what happened and what to do, and carries neither a
 * key nor an input.
 *
 *   HireError
 *     HIRE_INPUT_INVALID        what was entered does not fit the agent's input schema
 *     HIRE_ANSWER_INVALID       what was answered does not fit what the agent asks
 *     HIRE_AGENT_UNREACHABLE    the agent does not answer, or not as MIP-003 has it
 *     HIRE_AGENT_REFUSED        the agent answers, and takes no job or not this one
 *     HIRE_BUYER_MISSING        nothing says who pays: no payment service, or no key for it
 *     HIRE_BUYER_REFUSED        the buyer's payment service refuses the key, or the purchase
 *     HIRE_TERMS_DIFFER         the agent says something else than the registry, or than it said before
 *     HIRE_PRICE_UNKNOWN        nothing says what a job costs
 *     HIRE_PRICE_TOO_HIGH       a job costs more than --max-price
 *     HIRE_MAX_PRICE_MISSING    the price has no limit where it must have one
 *     HIRE_DUE_TOO_LATE         the result is due later than --max-days
 *     HIRE_PURCHASE_UNCLEAR     whether the purchase was made is not known yet
 *     HIRE_NOT_PAID             the payment service could not lock the funds
 *     HIRE_NOTHING_TO_REFUND    the money is asked back where nothing was paid
 *     HIRE_JOB_FAILED           a free job ended without a result
 *     HIRE_RESULT_DIFFERS       the result is not the one whose hash is on the chain
 *     HIRE_RESULT_ERASED        the agent had the result, and has it no more
 *     HIRE_STILL_RUNNING        the time that the command may take is over, and the job is not
 *     HIRE_UNKNOWN              there is no hire of that name
 */
export type HireErrorCode =
  | "HIRE_INPUT_INVALID"
  | "HIRE_ANSWER_INVALID"
  | "HIRE_AGENT_UNREACHABLE"
  | "HIRE_AGENT_REFUSED"
  | "HIRE_BUYER_MISSING"
  | "HIRE_BUYER_REFUSED"
  | "HIRE_TERMS_DIFFER"
  | "HIRE_PRICE_UNKNOWN"
  | "HIRE_PRICE_TOO_HIGH"
  | "HIRE_MAX_PRICE_MISSING"
  | "HIRE_DUE_TOO_LATE"
  | "HIRE_PURCHASE_UNCLEAR"
  | "HIRE_NOT_PAID"
  | "HIRE_NOTHING_TO_REFUND"
  | "HIRE_JOB_FAILED"
  | "HIRE_RESULT_DIFFERS"
  | "HIRE_RESULT_ERASED"
  | "HIRE_STILL_RUNNING"
  | "HIRE_UNKNOWN";

/** A hire that cannot go on; `message` is `CODE: what happened. What to do.`, the latter on a line of its own after a list. */
export class HireError extends Error {
  override readonly name = "HireError";
  readonly code: HireErrorCode;
  /** What happened, without what to do. */
  readonly what: string;
  readonly remedy: string;
  /** Whether the hire is under way all the same, and can be resumed. */
  readonly isOpen: boolean;

  constructor(
    code: HireErrorCode,
    what: string,
    remedy: string,
    { isOpen = false, cause }: { readonly isOpen?: boolean; readonly cause?: unknown } = {},
  ) {
    super(`${code}: ${what}${remedy.startsWith("\n") ? "" : " "}${remedy}`, { cause });
    this.code = code;
    this.what = what;
    this.remedy = remedy;
    this.isOpen = isOpen;
  }
}

/** Return how a hire is resumed on the command line. */
export const goOnWith = ({ id }: { readonly id: string }): string => `npx masumi-agents hire --resume ${id}`;

/** Return several problems as the lines of a list. */
export const listed = (problems: readonly string[]): string =>
  problems.map((problem) => `\n  - ${problem}`).join("");
