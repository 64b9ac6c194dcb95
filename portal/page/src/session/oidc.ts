import type { SignIn } from "../wire.ts";
import type { Tokens } from "./token.ts";

/*
 * Sign-in at an OpenID issuer: the authorization code flow with PKCE, for a public client. There is no secret in it, and no token
 * ever is in an address.
 */

export type Oidc = Extract<SignIn, { kind: "oidc" }>;

/** Where the issuer sends people back to. */
export const RETURN_PATH = "/signed-in";

interface Discovered {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

/** What has to come back from the issuer as it was sent. */
interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where in the page somebody was. */
  readonly path: string;
}

interface TokenAnswer {
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly expires_in?: number;
}

/** Sign-in did not work; the message is for people. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}

const KEY = "masumi.sign-in";
const LIMIT_MS = 15_000;

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const redirectUri = () => `${location.origin}${RETURN_PATH}`;

async function discover({ issuer }: Oidc): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
    if (response.ok) return (await response.json()) as Discovered;
  } catch {
    // Said below, as with any other answer.
  }
  throw new SignInError("The sign-in service cannot be reached. Try again in a moment.");
}

/** Leaves the page for the issuer's sign-in. */
export async function beginSignIn(oidc: Oidc, path: string): Promise<void> {
  const { authorization_endpoint: endpoint } = await discover(oidc);
  const pending: Pending = { state: random(), nonce: random(), verifier: random(), path };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  sessionStorage.setItem(KEY, JSON.stringify(pending));
  const url = new URL(endpoint);
  const asked = {
    response_type: "code",
    client_id: oidc.clientId,
    redirect_uri: redirectUri(),
    scope: oidc.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    audience: oidc.audience,
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  location.assign(url);
}

/**
 * Ends what `beginSignIn` began, from the address that the issuer sent people back to.
 *
 * @throws SignInError the issuer said no, or this is not the answer to what this tab asked
 */
export async function endSignIn(
  oidc: Oidc,
  query: URLSearchParams,
): Promise<{ tokens: Tokens; path: string }> {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (text === null) throw new SignInError("This sign-in was begun in another tab. Begin again here.");
  const pending = JSON.parse(text) as Pending;
  if (query.get("state") !== pending.state) throw new SignInError("This sign-in does not fit. Begin again.");
  const code = query.get("code");
  if (code === null) throw new SignInError(query.get("error_description") ?? "Sign-in was cancelled.");
  const answer = await askForTokens(oidc, {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri(),
    code_verifier: pending.verifier,
  });
  if (answer.id_token !== undefined && nonceOf(answer.id_token) !== pending.nonce) {
    throw new SignInError("This sign-in does not fit. Begin again.");
  }
  return { tokens: tokensOf(answer), path: pending.path };
}

/** Returns new tokens for old ones; undefined if there is nothing to get them by, or the issuer refuses. */
export async function refreshed(oidc: Oidc, { refresh }: Tokens): Promise<Tokens | undefined> {
  if (refresh === undefined) return undefined;
  try {
    const answer = await askForTokens(oidc, { grant_type: "refresh_token", refresh_token: refresh });
    return { refresh, ...tokensOf(answer) };
  } catch {
    // The caller signs out, which says all that people need to know.
    return undefined;
  }
}

async function askForTokens(oidc: Oidc, asked: Readonly<Record<string, string>>): Promise<TokenAnswer> {
  const { token_endpoint: endpoint } = await discover(oidc);
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      body: new URLSearchParams({ ...asked, client_id: oidc.clientId }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    if (response.ok) return (await response.json()) as TokenAnswer;
  } catch {
    // Said below, as with any other answer.
  }
  throw new SignInError("The sign-in service did not complete the sign-in. Begin again.");
}

function tokensOf({
  access_token: access,
  refresh_token: refresh,
  expires_in: seconds,
}: TokenAnswer): Tokens {
  if (access === undefined) throw new SignInError("The sign-in service gave no token. Begin again.");
  return {
    access,
    ...(refresh === undefined ? {} : { refresh }),
    ...(seconds === undefined ? {} : { expiresAt: Date.now() + seconds * 1000 }),
  };
}

/** The token comes from the issuer over TLS, so its signature says no more; the portal checks the access token's. */
function nonceOf(idToken: string): unknown {
  const [, payload = ""] = idToken.split(".");
  try {
    return (JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { nonce?: unknown }).nonce;
  } catch {
    return undefined;
  }
}
