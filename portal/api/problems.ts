import { HttpProblem, type ProblemParts } from "../problem.ts";
import type { FieldProblem } from "../templates/declare.ts";

interface Extras {
  /** All that is wrong with a form. */
  readonly problems?: readonly FieldProblem[];
  readonly checkoutUrl?: string;
}

/** A problem that says more than what happened. */
export class DetailedProblem extends HttpProblem {
  readonly #extras: Extras;

  constructor(parts: ProblemParts, extras: Extras) {
    super(parts);
    this.#extras = extras;
  }

  override getResponse(): Response {
    const { status, error, title, detail } = this;
    return new Response(JSON.stringify({ title, status, error, detail, ...this.#extras }), {
      status,
      headers: { ...this.headers, "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
    });
  }
}

export const invalid = (problems: readonly FieldProblem[]): HttpProblem =>
  new DetailedProblem(
    {
      status: 400,
      error: "invalid",
      title: "The form has mistakes",
      detail: problems.map(({ field, message }) => `${field}: ${message}`).join("; "),
    },
    { problems },
  );

export const malformed = (detail: string): HttpProblem =>
  new HttpProblem({ status: 400, error: "malformed", title: "The request cannot be read", detail });

export const notFound = (): HttpProblem =>
  new HttpProblem({
    status: 404,
    error: "not-found",
    title: "There is nothing here",
    detail: "There is no such agent or page, or it is not yours.",
  });

export const noRegistry = (): HttpProblem =>
  new HttpProblem({
    status: 404,
    error: "no-registry",
    title: "The registry is not asked",
    detail: "This portal is not set up to ask the network's registry.",
  });

export const operatorsOnly = (): HttpProblem =>
  new HttpProblem({
    status: 403,
    error: "operators-only",
    title: "For operators",
    detail: "Only operators of this portal see this.",
  });

export const notKnown = (detail: string): HttpProblem =>
  new HttpProblem({ status: 503, error: "not-known", title: "Not known just now", detail });

export const nameTaken = (name: string): HttpProblem =>
  new DetailedProblem(
    {
      status: 409,
      error: "name-taken",
      title: "The name is taken",
      detail: "Another agent has this name, and buyers could not tell them apart. Choose another one.",
    },
    { problems: [{ field: "name", message: `"${name}" is taken: choose another name` }] },
  );

export const otherBody = (): HttpProblem =>
  new HttpProblem({
    status: 409,
    error: "idempotency-conflict",
    title: "The Idempotency-Key was used for something else",
    detail: "A key stands for one request. Send a new one with a new key.",
  });

export const wrongState = (detail: string): HttpProblem =>
  new HttpProblem({ status: 409, error: "wrong-state", title: "Not now", detail });

export const changedMeanwhile = (): HttpProblem =>
  new HttpProblem({
    status: 412,
    error: "changed-meanwhile",
    title: "Changed meanwhile",
    detail:
      "The agent has been changed since it was read. Read it again, and send what is still to be changed.",
  });

export const tooMany = (seconds: number): HttpProblem =>
  new HttpProblem({
    status: 429,
    error: "too-many-requests",
    title: "Too many requests",
    detail: `Try again in ${seconds} s.`,
    headers: { "Retry-After": String(seconds) },
  });

/** @param seconds until one more may spend */
export const spentEnough = (most: number, seconds: number): HttpProblem =>
  new HttpProblem({
    status: 429,
    error: "registrations-used-up",
    title: "Enough for today",
    detail:
      `Each new agent, and each change of what the network shows of one, costs a fee on the network, so ${most} are possible in 24 hours. ` +
      `The next one is in ${seconds < 5400 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3600)} hours`}. ` +
      "What buyers do not see, such as the documents, can be changed meanwhile.",
    headers: { "Retry-After": String(seconds) },
  });

export const subscriptionNeeded = (reason: "subscription" | "limit", checkoutUrl?: string): HttpProblem =>
  new DetailedProblem(
    {
      status: 402,
      error: reason,
      title: reason === "limit" ? "Your plan is used up" : "A subscription is needed",
      detail:
        reason === "limit"
          ? "You have as many agents as your plan allows. Remove one, or choose a larger plan."
          : "Agents are for subscribers. Subscribe, then send this again.",
    },
    checkoutUrl === undefined ? {} : { checkoutUrl },
  );

export const tooLarge = (detail: string): HttpProblem =>
  new HttpProblem({ status: 413, error: "too-large", title: "Too large", detail });

export const wrongType = (detail: string): HttpProblem =>
  new HttpProblem({ status: 415, error: "unsupported-type", title: "A type that cannot be taken", detail });
