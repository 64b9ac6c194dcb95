import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface OutsideAgents {
  readonly url: string;
  close(): Promise<void>;
}

/** The documents of an agent at a URL, by where they usually are. */
const DOCUMENTS: Readonly<Record<string, (url: string) => object>> = {
  "/openapi.json": () => ({ openapi: "3.1.0", info: { title: "Answers", version: "1.0.0" }, paths: {} }),
  "/.well-known/agent-card.json": (url) => ({
    protocolVersions: ["1.0"],
    name: "Answers",
    description: "Answers from elsewhere.",
    version: "1.0.0",
    supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    capabilities: { streaming: false },
    defaultInputModes: ["application/json"],
    defaultOutputModes: ["text/plain"],
    skills: [
      { id: "answer", name: "Answer", description: "Answers.", tags: [], inputModes: [], outputModes: [] },
    ],
  }),
  "/.well-known/x402.json": (url) => ({
    x402Version: 2,
    resources: [{ resource: `${url}/answer`, type: "http" }],
  }),
};

/** Agents that run elsewhere: whatever the path, the network's check finds an agent, or its document. */
export async function startOutsideAgents(): Promise<OutsideAgents> {
  const server = createServer((request, response) => {
    const { url = "", headers } = request;
    const [place, document] = Object.entries(DOCUMENTS).find(([end]) => url.endsWith(end)) ?? [];
    const base = `http://${headers.host}${url.slice(0, url.length - (place ?? "").length)}`;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(document?.(base) ?? { status: "available", type: "masumi-agent" }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => void server.close(() => closed())),
  };
}

/** A declaration of such an agent: registered, not hosted. */
export const outsideAgent = (
  name: string,
  url: string,
  changes: { payment?: string; price?: string; listing?: string; more?: string } = {},
): string => `
name: ${name}
description: Answers from elsewhere.
capability: { name: answering, version: 1.0.0 }
tags: [answers]
author: { name: Example GmbH }
payment: ${changes.payment ?? "V2"}
pricing: { fixed: [${changes.price ?? "3 ADA"}] }
url: ${url}/${name.toLowerCase().replaceAll(" ", "-")}
${changes.listing === undefined ? "" : `listing: ${changes.listing}\n`}${changes.more ?? ""}`;
