import { generateKeyPairSync } from "node:crypto";
import { type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bearerIdentity, type BearerOptions } from "../../../portal/identity/bearer.ts";
import { IssuerUnreachableError, UnauthorizedError } from "../../../portal/identity/errors.ts";
import { AUDIENCE, type Issuer, makeKey, startIssuer } from "./issuer.ts";

let issuer: Issuer;
beforeEach(async () => {
  issuer = await startIssuer();
});
afterEach(() => issuer.close());

const identity = (options: Partial<BearerOptions> = {}) =>
  bearerIdentity({
    issuer: issuer.url,
    audience: AUDIENCE,
    operator: { path: "app_metadata.role", value: "operator" },
    email: "email",
    ...options,
  });

const verify = async (token: string | Promise<string>, options?: Partial<BearerOptions>) =>
  identity(options).verify(`Bearer ${await token}`);

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe("a good token", () => {
  it("is a user's", async () => {
    expect(await verify(issuer.token())).toEqual({
      id: "user-1",
      email: "ada@example.com",
      isOperator: false,
      expiresAt: expect.any(Date) as Date,
    });
  });

  it.each(["ES256", "RS256"] as const)("may be signed with %s", async (alg) => {
    const other = await startIssuer(alg);
    try {
      const user = await verify(other.token(), { issuer: other.url });
      expect(user.id).toBe("user-1");
    } finally {
      await other.close();
    }
  });

  it("may be for other audiences as well", async () => {
    expect(await verify(issuer.token({ aud: ["account", AUDIENCE] }))).toMatchObject({ id: "user-1" });
  });

  it.each([
    ["expired a moment ago", () => ({ exp: inSeconds(-5) })],
    ["is valid from a moment on", () => ({ nbf: inSeconds(5) })],
  ])("counts if by another clock it %s", async (_what, claims) => {
    expect(await verify(issuer.token(claims()))).toMatchObject({ id: "user-1" });
  });

  it.each(["bearer", "BEARER", "Bearer  "])("follows the scheme %j", async (scheme) => {
    expect(await identity().verify(`${scheme} ${await issuer.token()}`)).toMatchObject({ id: "user-1" });
  });
});

describe("a token is refused that", () => {
  const claims: [string, () => Record<string, unknown>][] = [
    ["is another issuer's", () => ({ iss: "https://elsewhere.example" })],
    ["names the issuer almost", () => ({ iss: `${issuer.url}/` })],
    ["names no issuer", () => ({ iss: undefined })],
    ["is for another audience", () => ({ aud: "another" })],
    ["is for the audience almost", () => ({ aud: `${AUDIENCE}-2` })],
    ["is for no audience", () => ({ aud: undefined })],
    ["has expired", () => ({ exp: inSeconds(-60) })],
    ["never expires", () => ({ exp: undefined })],
    ["is not valid yet", () => ({ nbf: inSeconds(60) })],
    ["has no subject", () => ({ sub: undefined })],
    ["has an empty subject", () => ({ sub: "" })],
    ["has a subject of two lines", () => ({ sub: "user-1\nuser-2" })],
    ["has a number as its subject", () => ({ sub: 7 })],
    ["is an anonymous session's", () => ({ is_anonymous: true })],
  ];
  it.each(claims)("%s", async (_what, change) => {
    await expect(verify(issuer.token(change() as JWTPayload))).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it("has no signature", async () => {
    const token = new UnsecuredJWT({}).setIssuer(issuer.url).setAudience(AUDIENCE).setSubject("user-1");
    await expect(verify(token.setExpirationTime("5m").encode())).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it.each(["HS256", "HS512"])("is signed with the public key as the secret of %s", async (alg) => {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.shown[0]));
    const token = new SignJWT({ sub: "user-1", iss: issuer.url, aud: AUDIENCE })
      .setProtectedHeader({ alg, kid: "first" })
      .setExpirationTime("5m")
      .sign(secret);
    await expect(verify(token)).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it.each([
    ["ES384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["PS256", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["EdDSA", () => generateKeyPairSync("ed25519")],
  ] as const)("is signed with %s, even by a key of the issuer", async (alg, make) => {
    const { privateKey, publicKey } = make();
    issuer.shown = [{ ...publicKey.export({ format: "jwk" }), kid: "other", use: "sig" }];
    const token = new SignJWT({ sub: "user-1", iss: issuer.url, aud: AUDIENCE })
      .setProtectedHeader({ alg, kid: "other" })
      .setExpirationTime("5m")
      .sign(privateKey);
    await expect(verify(token)).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it("is signed with another key under the name of the issuer's", async () => {
    const forged = await makeKey("ES256", "first");
    await expect(verify(issuer.token({}, {}, forged))).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it("brings its own key along", async () => {
    const forged = await makeKey("ES256", "own");
    const header = { jwk: forged.publicJwk, jku: `${issuer.url}/keys` };
    await expect(verify(issuer.token({}, header, forged))).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it("was changed after it was signed", async () => {
    const [head, , signature] = (await issuer.token()).split(".");
    const payload = Buffer.from(
      JSON.stringify({ iss: issuer.url, aud: AUDIENCE, sub: "user-2", exp: inSeconds(300) }),
    );
    const token = [head, payload.toString("base64url"), signature].join(".");
    await expect(verify(token)).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it.each([
    ["missing", undefined],
    ["empty", ""],
    ["without a token", "Bearer"],
    ["with a space for a token", "Bearer "],
    ["of another scheme", "Basic dXNlcjpwYXNz"],
    ["of two tokens", "Bearer a b"],
    ["of two parts", "Bearer a.b"],
    ["of empty parts", "Bearer .."],
    ["half of a token", "Bearer eyJ9.e30."],
    ["a control character", "Bearer \u0000"],
    ["of two lines", "Bearer a.b.c\r\nX-Operator: true"],
    ["without end", `Bearer ${"a".repeat(20_000)}.b.c`],
  ])("is no token, but %s", async (_what, header) => {
    await expect(identity().verify(header)).rejects.toBeInstanceOf(UnauthorizedError);
  });
});

describe("a refusal", () => {
  const refused = async (header: string | undefined): Promise<Response> => {
    const error: unknown = await identity()
      .verify(header)
      .catch((error: unknown) => error);
    if (!(error instanceof UnauthorizedError)) throw error;
    return error.getResponse();
  };

  it("asks for a token where there was none", async () => {
    const answer = await refused(undefined);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  it("says the same whatever is wrong with a token", async () => {
    const answers = await Promise.all(
      [
        issuer.token({ exp: inSeconds(-60) }),
        issuer.token({ aud: "secret-audience" }),
        issuer.token({}, {}, await makeKey("ES256", "first")),
      ].map(async (token) => refused(`Bearer ${await token}`)),
    );
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(texts.size).toBe(1);
    expect(answers.map((answer) => answer.headers.get("www-authenticate"))).toEqual(
      answers.map(() => 'Bearer error="invalid_token"'),
    );
  });

  it("has neither the token nor its claims, in whatever way it is printed", async () => {
    const token = await issuer.token({ aud: "secret-audience", email: "secret@example.com" });
    const error: unknown = await identity()
      .verify(`Bearer ${token}`)
      .catch((error: unknown) => error);
    const { inspect } = await import("node:util");
    const printed = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)}`;
    expect(printed).toContain("ERR_JWT_CLAIM_VALIDATION_FAILED");
    for (const secret of [token, token.split(".")[2] ?? "", "secret-audience", "secret@example.com"])
      expect(printed).not.toContain(secret);
  });
});

describe("the issuer's keys", () => {
  it("are fetched once for many requests", async () => {
    const who = identity();
    const header = `Bearer ${await issuer.token()}`;
    await Promise.all(Array.from({ length: 20 }, () => who.verify(header)));
    await who.verify(header);
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  it("are not fetched for what is no token", async () => {
    const who = identity();
    await expect(who.verify(undefined)).rejects.toBeInstanceOf(UnauthorizedError);
    await expect(who.verify("Bearer")).rejects.toBeInstanceOf(UnauthorizedError);
    expect(issuer.asked).toEqual([]);
  });

  it("are fetched anew for a key that is new", async () => {
    const who = identity({ times: { coolDownMs: 0 } });
    await who.verify(`Bearer ${await issuer.token()}`);
    issuer.key = await makeKey("ES256", "second");
    issuer.shown.push(issuer.key.publicJwk);
    expect(await who.verify(`Bearer ${await issuer.token()}`)).toMatchObject({ id: "user-1" });
  });

  it("are not fetched for each token that names a key that is not there", async () => {
    const who = identity();
    await who.verify(`Bearer ${await issuer.token()}`);
    const before = issuer.asked.length;
    for (let number = 0; number < 20; number++) {
      const forged = issuer.token({}, { kid: `made-up-${number}` });
      await expect(who.verify(`Bearer ${await forged}`)).rejects.toBeInstanceOf(UnauthorizedError);
    }
    expect(issuer.asked.length).toBe(before);
  });

  it("count no more once the issuer has withdrawn them", async () => {
    const who = identity({ times: { trustMs: 0, coolDownMs: 0 } });
    const token = await issuer.token();
    await who.verify(`Bearer ${token}`);
    issuer.shown = [(await makeKey("ES256", "second")).publicJwk];
    await expect(who.verify(`Bearer ${token}`)).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it("are refreshed beside the requests, which go on while the issuer is down", async () => {
    const who = identity({ times: { refreshMs: 0, coolDownMs: 0 } });
    const header = `Bearer ${await issuer.token()}`;
    await who.verify(header);
    await expect.poll(() => who.verify(header).then(() => issuer.asked.length)).toBeGreaterThan(2);
    issuer.status = 503;
    for (let round = 0; round < 3; round++) expect(await who.verify(header)).toMatchObject({ id: "user-1" });
  });

  it("are at a URL that was set", async () => {
    issuer.discovery = undefined;
    const token = issuer.token();
    expect(await verify(token, { jwksUrl: `${issuer.url}/elsewhere/keys` })).toMatchObject({ id: "user-1" });
    expect(issuer.asked).toEqual(["/elsewhere/keys"]);
  });

  it("are where Supabase has them if there is no discovery", async () => {
    issuer.discovery = undefined;
    expect(await verify(issuer.token())).toMatchObject({ id: "user-1" });
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/.well-known/jwks.json"]);
  });
});

describe("nobody can tell, so nobody is signed out, while the issuer", () => {
  const faults: [string, () => void][] = [
    ["answers with an error", () => (issuer.status = 500)],
    ["answers with a redirect", () => (issuer.status = 302)],
    [
      "has gone elsewhere",
      () => (issuer.discovery = { issuer: "https://elsewhere.example", jwks_uri: `${issuer.url}/keys` }),
    ],
    [
      "shows keys unencrypted",
      () => (issuer.discovery = { issuer: issuer.url, jwks_uri: "http://keys.example/" }),
    ],
    ["shows no keys", () => (issuer.body = { error: "down" })],
    ["does not answer in time", () => (issuer.delayMs = 2000)],
  ];
  it.each(faults)("%s", async (_what, breakIt) => {
    const token = await issuer.token();
    breakIt();
    const who = identity({ times: { answerMs: 200, coolDownMs: 60_000 } });
    const refused = () =>
      expect(who.verify(`Bearer ${token}`)).rejects.toBeInstanceOf(IssuerUnreachableError);
    await refused();
    const before = issuer.asked.length;
    for (let round = 0; round < 5; round++) await refused();
    expect(issuer.asked.length, "it is left alone for a while").toBe(before);
  });

  it("is not there, and hears of users again once it is back", async () => {
    const token = await issuer.token();
    issuer.status = 503;
    const who = identity({ times: { coolDownMs: 0 } });
    const error: unknown = await who.verify(`Bearer ${token}`).catch((error: unknown) => error);
    if (!(error instanceof IssuerUnreachableError)) throw error;
    const answer = error.getResponse();
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await answer.text()).not.toContain(issuer.url);
    issuer.status = 200;
    expect(await who.verify(`Bearer ${token}`)).toMatchObject({ id: "user-1" });
  });
});

describe("whoever gives up", () => {
  it("waits no longer, and does not spoil it for the others", async () => {
    issuer.delayMs = 300;
    const who = identity();
    const header = `Bearer ${await issuer.token()}`;
    const gaveUp = new AbortController();
    const first = who.verify(header, gaveUp.signal);
    const second = who.verify(header, new AbortController().signal);
    gaveUp.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    expect(await second).toMatchObject({ id: "user-1" });
    await expect(who.verify(header, gaveUp.signal)).rejects.toThrow("gone");
  });
});
