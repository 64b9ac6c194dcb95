import { CodedError } from "../../providers/common/coded-error.ts";
import { HttpProblem } from "../problem.ts";

type BillingErrorCode = "BILLING_INVALID";

/** Nobody could subscribe with these settings, or whoever does would get nothing for it. */
export class BillingInvalidError extends CodedError<BillingErrorCode> {
  constructor(problems: readonly string[], options?: ErrorOptions) {
    const list = problems.map((problem) => `\n- ${problem}`).join("");
    super(
      "BILLING_INVALID",
      `the portal cannot bill with these settings:${list}`,
      "See docs/portal.md, Billing.",
      options,
    );
  }
}

/** Nobody can tell what a user pays for, so nothing is admitted, and nothing is taken away. */
export class BillingUnreachableError extends HttpProblem {
  constructor(options?: ErrorOptions) {
    super(
      {
        status: 503,
        error: "billing-unreachable",
        title: "Subscriptions cannot be checked at the moment",
        detail: "The payment provider does not answer. Nothing was changed; try again in a minute.",
        headers: { "Retry-After": "60" },
      },
      options,
    );
  }
}

/** There is nothing to pay for here. */
export const noBilling = () =>
  new HttpProblem({
    status: 404,
    error: "no-billing",
    title: "Nothing to pay for",
    detail: "This portal does not bill its users.",
  });
