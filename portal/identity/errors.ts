import { HttpProblem } from "../problem.ts";

/**
 * The request is not from a user. It says no more than that to whoever sent it: which check a token failed helps nobody but a forger.
 * `reason` is for the portal's own log; it never has the token or any of its claims.
 */
export class UnauthorizedError extends HttpProblem {
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    const wasSent = reason !== "no bearer token";
    super(
      {
        status: 401,
        error: "unauthorized",
        title: "Sign in first",
        detail: wasSent
          ? "The token is not valid, or no longer. Sign in again."
          : "Send a token: Authorization: Bearer <token>.",
        // RFC 6750, 3.1: an error is only told to those who sent a token.
        headers: { "WWW-Authenticate": wasSent ? 'Bearer error="invalid_token"' : "Bearer" },
      },
      options,
    );
    this.reason = reason;
  }
}

/** Whoever it is was signed in, but no agent can be declared as theirs: another token would not help. */
export class UserIdTooLongError extends HttpProblem {
  constructor(most: number) {
    super({
      status: 403,
      error: "user-id-too-long",
      title: "Your account cannot have agents here",
      detail: `The service that signs you in calls you by an id (sub) of more than ${most} characters, which is more than an agent's declaration takes. Tell this portal's operator.`,
    });
  }
}

/** Nobody can tell whether a token is good, because its issuer's keys cannot be had. */
export class IssuerUnreachableError extends HttpProblem {
  constructor(options?: ErrorOptions) {
    super(
      {
        status: 503,
        error: "issuer-unreachable",
        title: "Sign-in cannot be checked at the moment",
        detail: "The service that signs users in does not answer. Try again in a few seconds.",
        headers: { "Retry-After": "5" },
      },
      options,
    );
  }
}
