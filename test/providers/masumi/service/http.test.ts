import { readFileSync, readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MasumiClient } from "../../../../providers/masumi/service/client/client.ts";
import { type RegisterBody, TOKEN_NOT_FOUND } from "../../../../providers/masumi/service/client/wire.ts";
import { failureOf } from "../inputs.ts";
import { startServer } from "../servers.ts";

const TOKEN = "sentinel-key-0123456789";
const BODY = { name: "any" } as RegisterBody;
const SCOPE = { network: "Preprod", address: "addr_test1x" } as const;

type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
const balanceAnswer = json(200, {
  status: "success",
  data: { Balance: [{ unit: "lovelace", quantity: 7 }] },
});
const refusal = (status: number, message = "no", headers = {}) =>
  json(status, { status: "error", error: { message } }, headers);
const html =
  (status: number): Behaviour =>
  (response) => {
    response.writeHead(status, { "Content-Type": "text/html" });
    response.end("<html>Bad gateway</html>");
  };
const hang: Behaviour = () => undefined;
const reset: Behaviour = (_response, request) => void request.socket.destroy();
const truncated: Behaviour = (response, request) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
  response.write('{"status":"success","data":{"Balance":[');
  setTimeout(() => request.socket.destroy(), 20);
};
const cutJson: Behaviour = (response) => {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end('{"status":"success","data":{"Bal');
};
const oversize: Behaviour = (response) => {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(`{"status":"success","data":"${"x".repeat(5 * 1024 * 1024)}"}`);
};
const wrongShape = json(200, { status: "success", data: { Coins: 1 } });
const redirect: Behaviour = (response) => {
  response.writeHead(302, { Location: "https://user:secret@elsewhere.example/api?token=secret" });
  response.end();
};

/** A service that behaves as told, request by request; the last behaviour stays. */
async function startScripted(...behaviours: Behaviour[]) {
  const requests: IncomingMessage[] = [];
  /** Of the client's side, by which connections are told apart; a socket that has closed does not tell it any more. */
  const ports: (number | undefined)[] = [];
  const server = await startServer((request, response) => {
    requests.push(request);
    ports.push(request.socket.remotePort);
    request.resume();
    behaviours[Math.min(requests.length, behaviours.length) - 1]?.(response, request);
  });
  const timeoutMs = behaviours.includes(hang) ? 300 : 10_000;
  const client = new MasumiClient({ url: `${server.url}/api/v1`, token: TOKEN, timeoutMs });
  return { client, requests, ports, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test("writes go out on connections of their own, which no server has had time to close; reads share one", async () => {
  await using service = await startScripted(balanceAnswer);
  const read = () => service.client.balanceLovelace(SCOPE.network, SCOPE.address);
  const write = () => failureOf(service.client.register(BODY));
  for (const request of [read, read, write, write, read]) await request();
  const [first, second, third, fourth, last] = service.ports;
  expect(second).toBe(first);
  expect(last).toBe(first);
  expect(new Set([first, third, fourth]).size).toBe(3);
});

describe.concurrent("a read", () => {
  test.each<[string, Behaviour]>([
    ["a reset", reset],
    ["a hang", hang],
    ["half an answer", truncated],
    ["cut JSON", cutJson],
    ["status 500", refusal(500, "Internal Server Error")],
    ["status 503 of a proxy", html(503)],
    ["a page instead of JSON", html(200)],
    ["429 with Retry-After", refusal(429, "Too many requests", { "Retry-After": "0" })],
  ])("is tried again after %s", async (_name, first) => {
    await using service = await startScripted(first, balanceAnswer);
    expect(await service.client.balanceLovelace(SCOPE.network, SCOPE.address)).toBe(7n);
    expect(service.requests).toHaveLength(2);
  });

  test.each<[string, Behaviour, string]>([
    ["401", refusal(401), "KEY_REFUSED"],
    ["403", refusal(403), "OTHER_KEYS_ROW"],
    ["404", refusal(404), "NOT_FOUND"],
    ["400", refusal(400), "REQUEST_REFUSED"],
    ["a redirect", redirect, "REQUEST_REFUSED"],
    ["an answer over 5 MB", oversize, "ANSWER_TOO_LARGE"],
    ["an answer of another shape", wrongShape, "ANSWER_UNEXPECTED"],
    ["429 that asks for an hour", refusal(429, "later", { "Retry-After": "3600" }), "RATE_LIMITED"],
  ])("is not tried again after %s", async (_name, behaviour, code) => {
    await using service = await startScripted(behaviour);
    expect(await failureOf(service.client.balanceLovelace(SCOPE.network, SCOPE.address))).toMatchObject({
      code,
    });
    expect(service.requests).toHaveLength(1);
  });

  test("names the target of a redirect, without what may be a key in it", async () => {
    await using service = await startScripted(redirect);
    const failure = await failureOf(service.client.balanceLovelace(SCOPE.network, SCOPE.address));
    expect(String(failure)).toContain(
      "status 302, a redirect to https://elsewhere.example/api, which is not",
    );
    expect(String(failure)).not.toContain("secret");
  });

  test("gives up in the end, with the reason", async () => {
    await using service = await startScripted(refusal(500, "Internal Server Error"));
    const failure = await failureOf(service.client.balanceLovelace(SCOPE.network, SCOPE.address));
    expect(failure).toMatchObject({ code: "SERVICE_FAILED", status: 500 });
    expect(service.requests).toHaveLength(4);
  });

  test("ends with the caller's signal", async () => {
    await using service = await startScripted(hang);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(service.client.balanceLovelace(SCOPE.network, SCOPE.address, { signal })).rejects.toThrow(
      "enough",
    );
  });
});

describe.concurrent("a write", () => {
  test.each<[string, Behaviour, string]>([
    ["a reset", reset, "ANSWER_LOST"],
    ["a hang", hang, "SERVICE_TIMEOUT"],
    ["half an answer", truncated, "ANSWER_LOST"],
    ["cut JSON", cutJson, "ANSWER_NOT_JSON"],
    ["a page instead of JSON", html(200), "ANSWER_NOT_JSON"],
    ["status 500", refusal(500), "SERVICE_FAILED"],
    ["status 502 of a proxy", html(502), "SERVICE_FAILED"],
    ["status 408", html(408), "SERVICE_TIMEOUT"],
    ["an answer over 5 MB", oversize, "ANSWER_TOO_LARGE"],
    ["an answer of another shape", wrongShape, "ANSWER_UNEXPECTED"],
  ])("is sent once and may have happened: %s", async (_name, behaviour, code) => {
    await using service = await startScripted(behaviour);
    expect(await failureOf(service.client.register(BODY))).toMatchObject({ code, unclear: true });
    expect(service.requests).toHaveLength(1);
  });

  test.each([400, 401, 403, 404, 409, 413, 429])(
    "is sent once and surely did not happen: status %i",
    async (status) => {
      await using service = await startScripted(refusal(status, "because"));
      const failure = await failureOf(service.client.register(BODY));
      expect(failure).toMatchObject({ name: "RefusedError", status, serviceMessage: "because" });
      expect(service.requests).toHaveLength(1);
    },
  );

  test("that cannot be sent surely did not happen", async () => {
    const gone = await startServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    const client = new MasumiClient({ url: gone.url, token: TOKEN, timeoutMs: 300 });
    expect(await failureOf(client.register(BODY))).toMatchObject({
      code: "SERVICE_UNREACHABLE",
      unclear: false,
    });
  });

  test("removal of a row is sent once", async () => {
    await using service = await startScripted(
      json(200, { paths: { "/registry/deregister": {} } }),
      refusal(500),
    );
    expect(await failureOf(service.client.deleteRow("row"))).toMatchObject({
      code: "SERVICE_FAILED",
      unclear: true,
    });
    expect(service.requests.map(({ method }) => method)).toEqual(["GET", "DELETE"]);
  });

  test("removal of a row sends nothing to a release where that verb deregisters", async () => {
    await using service = await startScripted(json(200, { paths: { "/registry": {} } }));
    expect(await service.client.deleteRow("row")).toBe(false);
    expect(service.requests).toHaveLength(1);
  });
});

interface Recorded {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: { readonly error: { readonly message: string } };
}
const folder = join(import.meta.dirname, "../../../fixtures/providers/masumi/refusals");
const CODES: Record<string, string> = {
  "foreign-row": "OTHER_KEYS_ROW",
  "internal-error": "SERVICE_FAILED",
  "invalid-content": "REQUEST_REFUSED",
  "no-token": "NOT_FOUND",
  "read-key": "KEY_REFUSED",
  "too-large": "REQUEST_REFUSED",
  "too-many-requests": "RATE_LIMITED",
  "unknown-wallet": "NOT_FOUND",
  "wrong-key": "KEY_REFUSED",
  "wrong-network": "KEY_REFUSED",
  "wrong-state": "WRONG_STATE",
};
const readRefusal = (name: string) =>
  JSON.parse(readFileSync(join(folder, name, "answer.json"), "utf8")) as Recorded;

test.concurrent.each(readdirSync(folder))(
  "a refusal as the service sent it keeps the service's words: %s",
  async (name) => {
    const { status, headers, body } = readRefusal(name);
    await using service = await startScripted(json(status, body, headers));
    const failure = await failureOf(service.client.register(BODY));
    expect(failure).toMatchObject({ code: CODES[name], status, serviceMessage: body.error.message });
    expect(failure.message).toContain(failure.remedy);
  },
);

test.concurrent("a missing token is known by the service's own words", () => {
  expect(readRefusal("no-token").body.error.message).toBe(TOKEN_NOT_FOUND);
});

describe.concurrent("the API key", () => {
  test("travels in the header that the service reads, and nowhere else", async () => {
    await using service = await startScripted(balanceAnswer);
    await service.client.balanceLovelace(SCOPE.network, SCOPE.address);
    const [request] = service.requests;
    expect(request?.headers["token"]).toBe(TOKEN);
    expect(request?.url).not.toContain(TOKEN);
    expect(request?.headers["authorization"]).toBeUndefined();
  });

  test.each<[string, Behaviour]>([
    ["reset", reset],
    ["hang", hang],
    ["refused, with the key in the message", refusal(401, `bad token ${TOKEN}`)],
    ["500, with the key in the message", refusal(500, `token ${TOKEN}`)],
    ["page", html(200)],
    ["another shape", wrongShape],
  ])("is in nothing that an error carries: %s", async (_name, behaviour) => {
    await using service = await startScripted(behaviour);
    const error: unknown = await service.client.register(BODY).catch((error: unknown) => error);
    const all = [String(error), (error as Error).stack, JSON.stringify(error), ...chain(error)].join("\n");
    expect(all).not.toContain(TOKEN);
    expect(all).toMatch(/(Service|Refused)Error/);
  });

  const chain = (error: unknown): string[] =>
    error instanceof Error ? [JSON.stringify(Object.entries(error)), ...chain(error.cause)] : [];
});

describe.concurrent("the address", () => {
  const clientFor = (url: string) => new MasumiClient({ url, token: TOKEN });
  const codeFor = (url: string) => failureOf(Promise.resolve().then(() => clientFor(url)));

  test.each([
    "http://pay.example/api/v1",
    "http://10.0.0.1/api/v1",
    "ftp://localhost/api/v1",
    "http://127.0.0.1.example/api",
  ])("in the clear is refused: %s", async (url) => {
    expect(await codeFor(url)).toMatchObject({ code: "INSECURE_URL" });
  });

  test.each([
    "https://pay.example/api/v1",
    "http://127.0.0.1:4801/api/v1",
    "http://localhost:4801/api/v1/",
    "http://[::1]:4801/api/v1",
  ])("is taken: %s", (url) => {
    expect(() => clientFor(url)).not.toThrow();
  });

  test("that is none, or has credentials in it, is refused without being repeated", async () => {
    expect(await codeFor("pay.example")).toMatchObject({ code: "SETTING_INVALID" });
    const failure = await codeFor(`https://user:${TOKEN}@pay.example/api/v1`);
    expect(failure.code).toBe("SETTING_INVALID");
    expect(failure.message).not.toContain(TOKEN);
  });

  test("has its list of routes beside the API", async () => {
    await using service = await startScripted(json(200, { paths: { "/registry/update": {} } }));
    expect(await service.client.apiDocs()).toMatchObject({ hasV2: true, deregistersByPost: false });
    await service.client.apiDocs();
    expect(service.requests.map(({ url }) => url)).toEqual(["/api-docs"]);
  });

  test("whose list of routes is hidden is taken for a current service", async () => {
    await using service = await startScripted(html(404));
    expect(await service.client.apiDocs()).toMatchObject({ hasV2: true, deregistersByPost: true });
  });
});

test.concurrent("no more than the agreed number of requests is under way at a time", async () => {
  let current = 0;
  let most = 0;
  await using server = await startServer((request, response) => {
    request.resume();
    most = Math.max(most, ++current);
    setTimeout(() => {
      current -= 1;
      balanceAnswer(response, request);
    }, 20);
  });
  const client = new MasumiClient({ url: server.url, token: TOKEN, fetchLimit: 3 });
  const balances = await Promise.all(
    Array.from({ length: 12 }, () => client.balanceLovelace(SCOPE.network, SCOPE.address)),
  );
  expect(balances).toEqual(Array.from({ length: 12 }, () => 7n));
  expect(most).toBe(3);
});
