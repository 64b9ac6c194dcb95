import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface OutsideAgents {
  readonly url: string;
  close(): Promise<void>;
}

/** Agents that run elsewhere: whatever the path, the network's check finds an agent. */
export async function startOutsideAgents(): Promise<OutsideAgents> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "available", type: "masumi-agent" }));
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
  changes: { payment?: string; price?: string } = {},
): string => `
name: ${name}
description: Answers from elsewhere.
capability: { name: answering, version: 1.0.0 }
tags: [answers]
author: { name: Example GmbH }
payment: ${changes.payment ?? "V2"}
pricing: { fixed: [${changes.price ?? "3 ADA"}] }
url: ${url}/${name.toLowerCase().replaceAll(" ", "-")}
`;
