import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Hono } from "hono";
import { decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { bearerIdentity } from "../../../portal/identity/bearer.ts";
import { UnauthorizedError } from "../../../portal/identity/errors.ts";
import { LocalSignInRefusedError, openLocalIssuer } from "../../../portal/identity/local-issuer.ts";
import { repository } from "../../helpers/project.ts";
import { type RunningServer, startServer } from "../server.ts";

let folder: string;
let app: Hono;
let server: RunningServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "masumi-sign-in-"));
  app = new Hono();
  server = await startServer((request) => app.fetch(request));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const open = () => openLocalIssuer({ folder, host: "127.0.0.1", url: server.url });

const signedIn = z.object({ token: z.string(), user: z.object({ id: z.string() }).loose() });

const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/sign-in`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const signIn = async (body: unknown) => signedIn.parse(await (await post(body)).json());

describe("signing in on one's own machine", () => {
  it("is done from a shell as docs/portal.md says", async () => {
    const issuer = await open();
    issuer.routes(app);
    app.get("/me", async (context) => context.json(await issuer.verify(context.req.header("authorization"))));
    const documented = readFileSync(join(repository, "docs/portal.md"), "utf8");
    const [, commands = ""] = /```sh\n(PORTAL=[^`]*)```/.exec(documented) ?? [];
    const { stdout } = await promisify(execFile)("bash", [
      "-ec",
      commands.replace("http://127.0.0.1:4810", server.url),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ email: "you@example.com", isOperator: false });
  });

  it("gives a token that tells who one is", async () => {
    const issuer = await open();
    issuer.routes(app);
    const { token, user } = await signIn({ email: "Ada@Example.com" });
    expect(user).toEqual({ id: user.id, email: "ada@example.com", isOperator: false });
    expect(await issuer.verify(`Bearer ${token}`)).toMatchObject(user);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: "ES256" });
    const operator = await signIn({ email: "ada@example.com", operator: true });
    expect(operator.user).toEqual({ ...user, isOperator: true });
    expect(await issuer.verify(`Bearer ${operator.token}`)).toMatchObject(operator.user);
    expect((await signIn({ email: "bob@example.com" })).user.id).not.toBe(user.id);
  });

  it("lasts across restarts, by a key that only its owner can read", async () => {
    (await open()).routes(app);
    const { token, user } = await signIn({ email: "ada@example.com" });
    const [file = ""] = readdirSync(folder);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(await (await open()).verify(`Bearer ${token}`)).toMatchObject(user);
    rmSync(join(folder, file));
    await expect((await open()).verify(`Bearer ${token}`)).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it("makes one key when two portals start at once", async () => {
    const [first, second] = await Promise.all([open(), open()]);
    first.routes(app);
    const { token, user } = await signIn({ email: "ada@example.com" });
    expect(await second.verify(`Bearer ${token}`)).toMatchObject(user);
  });

  it("is what any OpenID issuer is, and shows the public key alone", async () => {
    (await open()).routes(app);
    const { token, user } = await signIn({ email: "ada@example.com" });
    const operator = { path: "app_metadata.role", value: "operator" };
    const elsewhere = bearerIdentity({
      issuer: server.url,
      audience: "masumi-agents-portal",
      operator,
      email: "email",
    });
    expect(await elsewhere.verify(`Bearer ${token}`)).toMatchObject(user);
    const shown = await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
    const { d } = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] ?? ""), "utf8")) as {
      d: string;
    };
    expect(d).toMatch(/^[\w-]{40,}$/);
    expect(shown).not.toContain(d);
  });
});

describe("nobody signs in", () => {
  it.each([
    ["listens to all", "0.0.0.0", "http://127.0.0.1:4810"],
    ["listens to all by IPv6", "::", "http://127.0.0.1:4810"],
    ["has an address in a network", "192.168.1.4", "http://127.0.0.1:4810"],
    ["has a name for others", "127.0.0.1", "https://portal.example.com"],
    ["only looks like this machine", "127.0.0.1.example.com", "http://127.0.0.1:4810"],
  ])("where the portal %s", async (_what, host, url) => {
    await expect(openLocalIssuer({ folder, host, url })).rejects.toBeInstanceOf(LocalSignInRefusedError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["through a proxy", { "X-Forwarded-For": "203.0.113.7" }],
    ["through a proxy of RFC 7239", { Forwarded: "for=203.0.113.7" }],
    ["through a gateway", { Via: "1.1 gateway" }],
  ])("%s", async (_what, headers) => {
    (await open()).routes(app);
    expect((await post({ email: "ada@example.com" }, headers)).status).toBe(403);
  });

  it("under another name for this machine, as a page elsewhere could arrange", async () => {
    (await open()).routes(app);
    const answer = await app.request("http://rebound.example.com/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: "ada@example.com" }),
    });
    expect(answer.status).toBe(403);
  });

  it.each([
    ["by a form of another page", "email=ada@example.com", { "Content-Type": "text/plain" }],
    ["without an address", {}, {}],
    ["with half an address", { email: "ada" }, {}],
    ["with two lines", { email: "ada@example.com\nx" }, {}],
    ["with what is not asked for", { email: "ada@example.com", id: "someone-else" }, {}],
    ["by what is no JSON", "{", {}],
  ])("%s", async (_what, body, headers) => {
    (await open()).routes(app);
    const answer = await post(body, headers);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });
});
