import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hono, MiddlewareHandler } from "hono";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from "jose";
import { z } from "zod";
import { createAtomicallySync } from "../../providers/common/atomic-write.ts";
import { CodedError } from "../../providers/common/coded-error.ts";
import { isLoopback } from "../../providers/common/loopback.ts";
import { HttpProblem } from "../problem.ts";
import { verifyBearer } from "./bearer.ts";
import { type ClaimNames, userOf } from "./claims.ts";
import type { Identity } from "./user.ts";

const ALGORITHM = "ES256";
const AUDIENCE = "masumi-agents-portal";
const LIFETIME = "12h";
const CLAIMS: ClaimNames = { operator: { path: "app_metadata.role", value: "operator" }, email: "email" };

/** Whoever asked was let in by something between them and this machine: a proxy, whose clients may be anybody. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

const signIn = z.strictObject({ email: z.email().max(254), operator: z.boolean().default(false) });

type LocalIssuerErrorCode = "LOCAL_SIGN_IN_REFUSED";

/** Anybody could sign in as anybody, so the portal must not be reached from elsewhere. */
export class LocalSignInRefusedError extends CodedError<LocalIssuerErrorCode> {
  constructor(host: string) {
    super(
      "LOCAL_SIGN_IN_REFUSED",
      `the portal would be reached at ${host}, where anybody could sign in as anybody.`,
      "Set PORTAL_ISSUER and PORTAL_AUDIENCE to have users sign in elsewhere, or listen on 127.0.0.1.",
    );
  }
}

export interface LocalIssuerOptions {
  /** The portal's folder, where the key is kept. */
  readonly folder: string;
  /** The address that the portal listens on. */
  readonly host: string;
  /** The portal's URL, which is the tokens' issuer. */
  readonly url: string;
}

/** Signs users in by their word alone: for one machine, to try the portal without an account anywhere. */
export interface LocalIssuer extends Identity {
  /** Adds `POST /sign-in`, and the keys as any OpenID issuer shows them. */
  routes(app: Hono): void;
}

/**
 * Starts signing users in.
 *
 * @throws LocalSignInRefusedError if the portal is reached from other machines
 */
export async function openLocalIssuer({ folder, host, url }: LocalIssuerOptions): Promise<LocalIssuer> {
  for (const name of [host, new URL(url).hostname])
    if (!isLoopback(name) && name !== "::1") throw new LocalSignInRefusedError(name);
  const privateJwk = await keyIn(folder);
  const { kty, crv, x, y, kid } = privateJwk;
  const jwks = { keys: [{ kty, crv, x, y, kid, use: "sig", alg: ALGORITHM }] as JWK[] };
  const key = await importJWK(privateJwk, ALGORITHM);
  const keys = createLocalJWKSet(jwks);
  const tokens = { issuer: url, audience: AUDIENCE, ...CLAIMS };

  const issue = (email: string, operator: boolean) =>
    new SignJWT({ email, app_metadata: operator ? { role: "operator" } : {} })
      .setProtectedHeader({ alg: ALGORITHM, kid: kid ?? "", typ: "JWT" })
      .setIssuer(url)
      .setAudience(AUDIENCE)
      .setSubject(idOf(email))
      .setIssuedAt()
      .setExpirationTime(LIFETIME)
      .sign(key);

  return {
    verify: (authorization) => verifyBearer(authorization, tokens, () => keys),
    routes(app) {
      app.get("/.well-known/jwks.json", (context) => context.json(jwks));
      app.get("/.well-known/openid-configuration", (context) =>
        context.json({ issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }),
      );
      app.post("/sign-in", fromThisMachine, async (context) => {
        const form = signIn.safeParse(await context.req.json<unknown>().catch(() => undefined));
        if (!form.success) throw invalidForm();
        const email = form.data.email.toLowerCase();
        const token = await issue(email, form.data.operator);
        const user = userOf(
          { sub: idOf(email), email, app_metadata: form.data.operator ? { role: "operator" } : {} },
          CLAIMS,
        );
        context.header("Cache-Control", "no-store");
        return context.json({ token, user });
      });
    },
  };
}

/**
 * Refuses what a page of somebody else's could send from the user's browser (another host name that leads here, a form), and what came
 * through a proxy.
 */
const fromThisMachine: MiddlewareHandler = async (context, next) => {
  const { hostname } = new URL(context.req.url);
  const isJson = /^application\/json\b/i.test(context.req.header("content-type") ?? "");
  const isProxied = PROXY_HEADERS.some((name) => context.req.header(name) !== undefined);
  if (!isLoopback(hostname) || isProxied)
    throw new HttpProblem({
      status: 403,
      error: "local-only",
      title: "Sign-in is for this machine only",
      detail: "This portal signs users in by their word alone, so only from the machine that it runs on.",
    });
  if (!isJson) throw invalidForm();
  await next();
};

const invalidForm = () =>
  new HttpProblem({
    status: 400,
    error: "invalid",
    title: "Not a sign-in",
    detail: 'Send application/json: {"email": "you@example.com"}.',
  });

/** The same user each time, in the form of Supabase's ids. */
function idOf(email: string): string {
  const hex = createHash("sha256").update(`portal user ${email}`).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** The key stays, so that whoever signed in is still signed in after a restart. */
async function keyIn(folder: string): Promise<JWK> {
  const file = join(folder, "sign-in.jwk.json");
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const made = await exportJWK(privateKey);
  made.kid = await calculateJwkThumbprint(made);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  createAtomicallySync(file, JSON.stringify(made), 0o600);
  return JSON.parse(readFileSync(file, "utf8")) as JWK;
}
