import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { provider } from "../../../providers/crew-drain/crew-drain.ts";

let server: Server;
let url: string;
/** What the agent says, one answer after another; the last one for good. */
let answers: ({ status: number; body: string } | "cut off")[];
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500, body: "" };
    if (answer === "cut off") return void request.socket.destroy();
    const { status, body } = answer;
    return void response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const saying = (status: string) => ({ status: 200, body: JSON.stringify({ status, type: "masumi-agent" }) });

describe("draining a crew", () => {
  it("waits until it says that it takes no jobs", async () => {
    answers = [saying("available"), saying("unavailable")];
    await provider.delete("drain", { url, agentIdentifier: "ab12" });
    expect(asked).toEqual(["/availability", "/availability"]);
  });

  it.each([
    ["is in trouble", { status: 502, body: "bad gateway" }],
    ["answers something else", { status: 200, body: "<html>" }],
  ])("does not wait for one that %s: it takes no jobs", async (_what, answer) => {
    answers = [answer];
    await provider.delete("drain", { url, agentIdentifier: "ab12" });
    expect(asked).toHaveLength(1);
  });

  it("asks one again that is silent: it may be busy, and take jobs", async () => {
    answers = ["cut off", saying("unavailable")];
    await provider.delete("drain", { url, agentIdentifier: "ab12" });
    expect(asked).toHaveLength(2);
  });

  it("does not wait for one that is not there", async () => {
    await provider.delete("drain", { url: "http://127.0.0.1:1", agentIdentifier: "ab12" });
    expect(asked).toEqual([]);
  });

  it("is never a reason to replace", async () => {
    const olds = { url, agentIdentifier: "ab12" };
    expect(await provider.diff("drain", olds, olds)).toEqual({ changes: false, replaces: [] });
    expect(await provider.diff("drain", olds, { url: "x", agentIdentifier: "y" })).toEqual({
      changes: true,
      replaces: [],
    });
  });
});
