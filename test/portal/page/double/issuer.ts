import { createHash, randomUUID } from "node:crypto";
import { type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { User } from "../../../../portal/page/src/wire.ts";

export interface IssuerDouble {
  readonly url: string;
  /** Whose token it is; undefined if the issuer gave no such token, or it is over. */
  userOf(token: string): User | undefined;
  /** Lets the tokens given so far end. */
  endTokens(): void;
  /** What grants tokens were asked for by. */
  readonly grants: string[];
  close(): Promise<void>;
}

interface Asked {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

const USER: User = { id: "user-1", email: "grace@example.com", isOperator: false };

/** An OpenID issuer that signs everybody in at once, and holds clients to PKCE and to the audience that they ask for, as Auth0 does. */
export async function startIssuerDouble(
  { clientId, audience }: { readonly clientId: string; readonly audience: string },
  tokenSeconds: number,
): Promise<IssuerDouble> {
  const app = new Hono();
  const codes = new Map<string, Asked>();
  const tokens = new Set<string>();
  const grants: string[] = [];
  app.use("*", cors());
  app.get("/.well-known/openid-configuration", (context) =>
    context.json({ issuer: url, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` }),
  );
  app.get("/authorize", (context) => {
    const {
      state = "",
      nonce = "",
      code_challenge: challenge = "",
      redirect_uri: redirectUri = "",
      ...asked
    } = context.req.query();
    const isRight =
      asked["client_id"] === clientId &&
      asked["audience"] === audience &&
      asked["response_type"] === "code" &&
      asked["code_challenge_method"] === "S256";
    if (!isRight)
      return context.text("This client is not known, asks for another audience, or does not use PKCE.", 400);
    const code = randomUUID();
    codes.set(code, { challenge, nonce, redirectUri });
    return context.redirect(`${redirectUri}?${new URLSearchParams({ code, state }).toString()}`);
  });
  app.post("/token", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const grant = form.get("grant_type") ?? "";
    grants.push(grant);
    const asked = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const verified = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isRight =
      grant === "refresh_token"
        ? form.get("refresh_token") === "refresh"
        : asked?.challenge === verified && asked.redirectUri === form.get("redirect_uri");
    if (!isRight || form.get("client_id") !== clientId) return context.json({ error: "invalid_grant" }, 400);
    const token = randomUUID();
    tokens.add(token);
    const claims = Buffer.from(JSON.stringify({ nonce: asked?.nonce })).toString("base64url");
    return context.json({
      access_token: token,
      id_token: `e30.${claims}.`,
      refresh_token: "refresh",
      expires_in: tokenSeconds,
    });
  });
  const { server, port } = await new Promise<{ server: ServerType; port: number }>((listening) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (info) =>
      listening({ server, port: info.port }),
    );
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    grants,
    userOf: (token) => (tokens.has(token) ? USER : undefined),
    endTokens: () => tokens.clear(),
    close: () => new Promise((closed) => void server.close(() => closed())),
  };
}
