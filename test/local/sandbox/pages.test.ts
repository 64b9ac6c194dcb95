import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";

/** Sends what fetch does not let its caller choose: the Host header. */
function send(url: string, method: string, headers: Record<string, string>, body = "") {
  return new Promise<{ status: number; text: string; headers: object }>((resolve, reject) => {
    const sent = request(url, { method, headers, signal: AbortSignal.timeout(10_000) }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    sent.once("error", reject);
    sent.end(method === "GET" ? undefined : body);
  });
}

const FORM = { "content-type": "text/plain;charset=UTF-8" };
const JSON_TYPE = { "content-type": "application/json" };
const ROUTES = [
  ["POST", "/sandbox/shutdown"],
  ["POST", "/sandbox/clock"],
  ["GET", "/sandbox/rows"],
  ["GET", "/sandbox/status"],
  ["POST", "/api/v1/registry"],
  ["GET", "/api/v1/health"],
  ["GET", "/api-docs"],
  ["POST", "/model/v1/chat/completions"],
] as const;

describe("a page that a browser of this machine shows", () => {
  let sandbox: RunningSandbox;
  afterEach(() => sandbox.close());
  const stillRuns = async () => (await send(`${sandbox.url}/sandbox/status`, "GET", {})).status === 200;

  it.each(ROUTES)("gets no answer from %s %s", async (method, path) => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    const origin = { origin: "https://evil.example" };
    const answers = [
      await send(sandbox.url + path, method, { ...FORM, ...origin }, "{}"),
      await send(sandbox.url + path, method, { ...JSON_TYPE, ...origin }, "{}"),
      await send(sandbox.url + path, method, { ...JSON_TYPE, origin: "null" }, "{}"),
      await send(sandbox.url + path, method, { "sec-fetch-site": "cross-site" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    for (const { headers } of answers) expect(headers).not.toHaveProperty("access-control-allow-origin");
    expect(await stillRuns()).toBe(true);
  });

  it.each(ROUTES)("gets none by a name that it lets lead to this machine: %s %s", async (method, path) => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    for (const host of ["evil.example", "evil.example:4801", "127.0.0.1.evil.example", "10.0.0.5"]) {
      const { status, text } = await send(sandbox.url + path, method, { ...JSON_TYPE, host }, "{}");
      expect([host, status]).toEqual([host, 421]);
      expect(text).toContain("ask it by 127.0.0.1 or localhost");
    }
    expect(await stillRuns()).toBe(true);
  });

  it("cannot end it by what needs no leave: a form", async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    expect(await send(`${sandbox.url}/sandbox/shutdown`, "POST", FORM, "{}")).toMatchObject({ status: 415 });
    expect(await stillRuns()).toBe(true);
  });

  it("is not even told what it may ask", async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    const asked = { origin: "https://evil.example", "access-control-request-method": "POST" };
    expect(await send(`${sandbox.url}/api/v1/registry`, "OPTIONS", asked)).toMatchObject({ status: 403 });
  });
});

describe("what may ask", () => {
  let sandbox: RunningSandbox;
  afterEach(() => sandbox.close());
  const health = (headers: Record<string, string>) => send(`${sandbox.url}/api/v1/health`, "GET", headers);

  it.each(["localhost", "localhost:9", "app.localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:4801"])(
    "is a program that knows it as %s",
    async (host) => {
      sandbox = await startSandbox({ chainSpeed: 0 });
      expect(await health({ host })).toMatchObject({ status: 200 });
    },
  );

  it("is what knows it by a name that it was given", async () => {
    sandbox = await startSandbox({ chainSpeed: 0, allowedHosts: ["172.17.0.1", "Box.test"] });
    expect(await health({ host: "172.17.0.1:4801" })).toMatchObject({ status: 200 });
    expect(await health({ host: "box.test" })).toMatchObject({ status: 200 });
    expect(await health({ host: "172.17.0.2" })).toMatchObject({ status: 421 });
  });

  it("is a page of its own", async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    expect(await health({ origin: sandbox.url })).toMatchObject({ status: 200 });
  });

  it("is any page, if it was started so", async () => {
    sandbox = await startSandbox({ chainSpeed: 0, cors: true });
    const answer = await health({ origin: "https://page.example" });
    expect(answer).toMatchObject({ status: 200, headers: { "access-control-allow-origin": "*" } });
  });
});
