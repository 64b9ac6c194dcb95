import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { MasumiClient } from "../../../../providers/masumi/service/index.ts";
import { startService } from "../service.ts";

it("a list that takes long says what it waits for, again and again, until it is read", async () => {
  await using service = await startService();
  const heard: string[] = [];
  // Lets a request for the list through only once the client has said twice that it waits for it.
  const waits = createServer((request, response) => {
    const pass = async () => {
      while (request.url?.includes("/registry?") && heard.length < 2) {
        await new Promise((again) => void setTimeout(again, 5));
      }
      const answer = await fetch(new URL(request.url ?? "", service.url), {
        headers: { token: String(request.headers["token"]) },
      });
      response.writeHead(answer.status).end(await answer.text());
    };
    void pass();
  });
  await new Promise<void>((listening) => waits.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void waits.close());
  const { port } = waits.address() as AddressInfo;
  const client = new MasumiClient({
    url: `http://127.0.0.1:${port}/api/v1`,
    token: "sandbox-read-key",
    slowAfterMs: 10,
    onSlow: (waitingFor) => heard.push(waitingFor),
  });
  expect(await client.listAll({ network: "Preprod", type: "V2" })).toEqual([]);
  expect(new Set(heard)).toEqual(new Set(["still reading the list of V2 registrations, page 1 …"]));
  const said = heard.length;
  await client.paymentSources();
  expect(heard.length).toBe(said);
});
