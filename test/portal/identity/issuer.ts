/** An OpenID issuer on loopback, which signs for real. */
import { setTimeout as sleep } from "node:timers/promises";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { startServer } from "../server.ts";

export const AUDIENCE = "portal-under-test";

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeKey(alg: "ES256" | "RS256", kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export interface Issuer {
  readonly url: string;
  /** The key that signs; those that are shown are in `shown`. */
  key: Key;
  shown: JWK[];
  /** How the issuer behaves from now on. */
  status: number;
  delayMs: number;
  body: unknown;
  discovery: Record<string, unknown> | undefined;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** Signs claims that are good but for what is given. A claim of undefined is left out. */
  token(claims?: JWTPayload, header?: Record<string, unknown>, key?: Key): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(alg: "ES256" | "RS256" = "ES256"): Promise<Issuer> {
  const key = await makeKey(alg, "first");
  const asked: string[] = [];
  const server = await startServer(async ({ url }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    await sleep(issuer.delayMs);
    if (issuer.status !== 200) return new Response("down", { status: issuer.status });
    if (pathname === "/.well-known/openid-configuration")
      return issuer.discovery ? Response.json(issuer.discovery) : new Response("no", { status: 404 });
    return Response.json(issuer.body ?? { keys: issuer.shown });
  });
  const issuer: Issuer = {
    url: server.url,
    key,
    shown: [key.publicJwk],
    status: 200,
    delayMs: 0,
    body: undefined,
    discovery: { issuer: server.url, jwks_uri: `${server.url}/keys` },
    asked,
    token(claims = {}, header = {}, signs = issuer.key) {
      const now = Math.floor(Date.now() / 1000);
      const good = { iss: server.url, aud: AUDIENCE, sub: "user-1", iat: now, exp: now + 300 };
      return new SignJWT({ ...good, email: "ada@example.com", ...claims })
        .setProtectedHeader({ alg: signs.alg, kid: signs.kid, typ: "JWT", ...header })
        .sign(signs.privateKey);
    },
    close: () => server.close(),
  };
  return issuer;
}
