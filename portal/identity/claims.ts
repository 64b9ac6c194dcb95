import type { JWTPayload } from "jose";
import { UnauthorizedError, UserIdTooLongError } from "./errors.ts";
import type { User } from "./user.ts";

/** The claim by which an operator is known, and its value. */
export interface OperatorClaim {
  /** The claim's name, or the way to it: `realm_access.roles`. */
  readonly path: string;
  readonly value: string;
}

/** How an issuer says who its users are. */
export interface ClaimNames {
  readonly operator: OperatorClaim;
  /** The claim with the e-mail address. */
  readonly email: string;
}

/** RFC 5321's longest address, and what a declaration takes as `user`. */
const LONGEST_EMAIL = 254;
const LONGEST_ID = 128;

/** Nothing that could end a line or a field where the texts are written: commits, headers, logs. */
const EMAIL = /^[^\s<>@,;:"\p{C}]+@[^\s<>@,;:"\p{C}]+$/u;
const ID = /^[^\s\p{C}]+$/u;

/**
 * Makes a user of the claims of a token that has been checked.
 *
 * @throws UnauthorizedError if it is nobody's: without a subject, or of an anonymous session
 * @throws UserIdTooLongError
 */
export function userOf(claims: JWTPayload, names: ClaimNames): User {
  const { sub, exp } = claims;
  if (typeof sub !== "string" || !ID.test(sub)) throw new UnauthorizedError("the token has no usable sub");
  if (Array.from(sub).length > LONGEST_ID) throw new UserIdTooLongError(LONGEST_ID);
  // Supabase's anonymous sign-ins have a sub as well, a new one for whoever asks.
  if (claims["is_anonymous"] === true) throw new UnauthorizedError("the session is anonymous");
  const { path, value } = names.operator;
  return {
    id: sub,
    email: emailOf(claims, names.email),
    isOperator: says(valueAt(claims, path), path, value),
    ...(exp === undefined ? {} : { expiresAt: new Date(exp * 1000) }),
  };
}

function emailOf(claims: JWTPayload, name: string): string | null {
  const email = valueAt(claims, name);
  // Whoever can sign up with another's address must not write commits in that one's name.
  if (claims["email_verified"] === false) return null;
  return typeof email === "string" && email.length <= LONGEST_EMAIL && EMAIL.test(email) ? email : null;
}

function says(claim: unknown, path: string, value: string): boolean {
  if (Array.isArray(claim)) return claim.includes(value);
  // RFC 8693, 4.2: a list of words. Any other text is only ever taken as a whole.
  if (path === "scope" && typeof claim === "string") return claim.split(" ").includes(value);
  return claim === value || (claim === true && value === "true");
}

/**
 * Returns the value at a path of names with dots between them. Names may have dots themselves (`https://example.com/roles`,
 * `resource_access.my.client.roles`): the longest name that there is counts.
 */
function valueAt(claims: unknown, path: string): unknown {
  if (typeof claims !== "object" || claims === null) return undefined;
  const own = new Map(Object.entries(claims));
  if (own.has(path)) return own.get(path);
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const name = path.slice(0, dot);
    if (own.has(name)) return valueAt(own.get(name), path.slice(dot + 1));
  }
  return undefined;
}
