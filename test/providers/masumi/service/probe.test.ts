import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { isPublicAddress } from "../../../../providers/common/public-address.ts";
import { probeAgent } from "../../../../providers/masumi/service/probe/probe.ts";
import { failureOf } from "../inputs.ts";
import { startServer } from "../servers.ts";

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  };

test.concurrent.each<[string, unknown]>([
  ["type masumi-agent", { type: "masumi-agent" }],
  [
    "type masumi-agent, not available yet",
    { type: "masumi-agent", status: "unavailable", message: "starting" },
  ],
  ["an agentIdentifier", { status: "available", agentIdentifier: "ab" }],
])("an agent with %s answers as the registry wants", async (_name, body) => {
  const paths: (string | undefined)[] = [];
  await using agent = await startServer((request, response) => {
    paths.push(request.url);
    json(body)(response);
  });
  await probeAgent({ listing: { apiBaseUrl: `${agent.url}/base/` }, allowPrivate: true, timeoutSeconds: 0 });
  expect(paths).toEqual(["/base/availability"]);
});

test.concurrent.each<[string, (response: ServerResponse) => void, string]>([
  ["status 404", json({ type: "masumi-agent" }, 404), "status 404"],
  ["status 503", json({ type: "masumi-agent" }, 503), "status 503"],
  ["no JSON", (response) => response.end("<html>"), "not JSON"],
  ["JSON of something else", json({ status: "ok" }), "without type masumi-agent"],
  ["null", json(null), "without type masumi-agent"],
  ["an empty identifier", json({ agentIdentifier: "" }), "without type masumi-agent"],
  [
    "a redirect",
    (response) => response.writeHead(301, { Location: "https://other.example/" }).end(),
    "status 301, a redirect to https://other.example/, which is not followed",
  ],
  ["a broken connection", (response) => response.socket?.destroy(), "no connection (ECONNRESET)"],
])("%s is not an answer, and the error says what was seen", async (_name, answer, seen) => {
  await using agent = await startServer((_request, response) => answer(response));
  const failure = await failureOf(
    probeAgent({ listing: { apiBaseUrl: agent.url }, allowPrivate: true, timeoutSeconds: 0 }),
  );
  expect(failure.code).toBe("AGENT_NOT_ANSWERING");
  expect(failure.message).toContain(seen);
});

test.concurrent("an agent that nobody serves is named as such", async () => {
  const gone = await startServer(() => undefined);
  await gone[Symbol.asyncDispose]();
  const failure = await failureOf(
    probeAgent({ listing: { apiBaseUrl: gone.url }, allowPrivate: true, timeoutSeconds: 0 }),
  );
  expect(failure.message).toContain("ECONNREFUSED");
});

test.concurrent("an agent that has just been started gets time", async () => {
  let requests = 0;
  await using agent = await startServer((_request, response) => {
    requests += 1;
    json({ type: "masumi-agent" }, requests < 3 ? 502 : 200)(response);
  });
  const waits: string[] = [];
  await probeAgent({
    listing: { apiBaseUrl: agent.url },
    allowPrivate: true,
    timeoutSeconds: 10,
    onWaiting: (seen) => waits.push(seen),
  });
  expect(requests).toBe(3);
  expect(waits).toEqual(["status 502"]);
});

test.concurrent.each([
  "http://127.0.0.1:1",
  "http://localhost:1",
  "http://10.1.2.3",
  "http://[::1]:1",
  "http://169.254.169.254",
  "http://[::ffff:10.0.0.1]",
])("a private address is refused at once where the network must reach the agent: %s", async (apiBaseUrl) => {
  const failure = await failureOf(
    probeAgent({ listing: { apiBaseUrl }, allowPrivate: false, timeoutSeconds: 60 }),
  );
  expect(failure.code).toBe("AGENT_ADDRESS_PRIVATE");
});

test.concurrent.each([
  ["8.8.8.8", true],
  ["172.15.255.255", true],
  ["172.16.0.1", false],
  ["192.168.1.1", false],
  ["100.64.0.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["2606:4700::1111", true],
  ["::1", false],
  ["::", false],
  ["fd00::1", false],
  ["fe80::1", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:8.8.8.8", true],
])("%s is public: %s", (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
