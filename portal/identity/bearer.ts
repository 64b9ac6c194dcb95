import { errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from "jose";
import { type ClaimNames, userOf } from "./claims.ts";
import { IssuerUnreachableError, UnauthorizedError } from "./errors.ts";
import { IssuerKeys, type KeyTimes } from "./keys.ts";
import type { Identity, User } from "./user.ts";

/** Public keys only: a secret that is shared (HS256) would let whoever checks tokens make them too. */
const ALGORITHMS = ["ES256", "RS256"];
/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** What Node takes as all headers of a request. */
const LONGEST_HEADER = 16_384;
/** RFC 6750, 2.1. The scheme's name is written in any case (RFC 9110, 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

export interface BearerOptions extends ClaimNames {
  /** The `iss` that tokens must have, to the letter. */
  readonly issuer: string;
  /** The `aud` that tokens must have, alone or among others. */
  readonly audience: string;
  /** Where the issuer's keys are, if OpenID discovery does not say it. */
  readonly jwksUrl?: string | undefined;
  readonly times?: KeyTimes;
}

/** Takes tokens of any OpenID issuer: Supabase Auth, Auth0, Keycloak. */
export function bearerIdentity(options: BearerOptions): Identity {
  const keys = new IssuerKeys(options.issuer, options.jwksUrl, options.times);
  return {
    verify: (authorization, signal) =>
      unlessAborted(signal, () => verifyBearer(authorization, options, () => keys.get())),
  };
}

/** Checks a header against keys that are at hand, or can be had. */
export async function verifyBearer(
  authorization: string | undefined,
  options: Pick<BearerOptions, "issuer" | "audience"> & ClaimNames,
  keys: () => JWTVerifyGetKey | Promise<JWTVerifyGetKey>,
): Promise<User> {
  const token = tokenOf(authorization);
  const { issuer, audience } = options;
  const demanded: JWTVerifyOptions = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ["sub", "exp"],
  };
  try {
    const { payload } = await jwtVerify(token, await keys(), demanded);
    return userOf(payload, options);
  } catch (error) {
    throw asPortalError(error);
  }
}

function tokenOf(authorization: string | undefined): string {
  if (authorization === undefined) throw new UnauthorizedError("no bearer token");
  const token = authorization.length <= LONGEST_HEADER ? BEARER.exec(authorization)?.[1] : undefined;
  if (token === undefined) throw new UnauthorizedError("not a bearer token");
  return token;
}

/** Tells what is wrong with the token from what is wrong with fetching keys: the latter is nobody's fault who asks. */
function asPortalError(error: unknown): Error {
  if (error instanceof UnauthorizedError || error instanceof IssuerUnreachableError) return error;
  const isOfToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) &&
    error.code !== errors.JOSEError.code;
  // The cause has the token's claims, which are for no log.
  return isOfToken ? new UnauthorizedError(error.code) : new IssuerUnreachableError({ cause: error });
}

/** The keys are fetched for all who wait, so whoever gives up only stops waiting. */
async function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  signal.throwIfAborted();
  let stopListening: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    stopListening = () => signal.removeEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    stopListening?.();
  }
}
