/** Whoever a request is from. */
export interface User {
  /** What the issuer calls the user, for good: the token's `sub`. */
  readonly id: string;
  /** The user's e-mail address; null if the issuer says none, or says that it is not verified. */
  readonly email: string | null;
  /** Whether the user sees and changes everything, not only what is their own. */
  readonly isOperator: boolean;
  /** Until when that counts: what goes on for longer is asked for anew, with another token. */
  readonly expiresAt?: Date;
}

/** Tells who a request is from. */
export interface Identity {
  /**
   * Checks a request's Authorization header.
   *
   * @param authorization the header as it was sent; undefined if there is none
   * @param signal gives up waiting for the issuer's keys
   * @throws UnauthorizedError if it is not a bearer token that counts here
   * @throws IssuerUnreachableError if the issuer's keys cannot be had, so that nobody can tell
   */
  verify(authorization: string | undefined, signal?: AbortSignal): Promise<User>;
}
