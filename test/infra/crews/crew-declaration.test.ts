import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Agent, STANDARD_DISCLOSURE, loadValidAgents } from "../../../infra/declarations/index.ts";
import { crewDeclaration } from "../../../infra/crews/crew-declaration.ts";
import { projectOf } from "../deploy/stack.ts";

const CREW = `crew:
  agents:
    reader: { role: Reader, goal: Read, backstory: You read slowly. }
  tasks:
    - { name: read, agent: reader, description: "Sum up {brief}", expected_output: A text }
`;

/** An agent with a field for files. */
function agentWith(field: string, source: string): Agent {
  const projectRoot = projectOf("docker-crew-in-python");
  mkdirSync(join(projectRoot, "own"), { recursive: true });
  writeFileSync(
    join(projectRoot, "own/reader.yaml"),
    `name: Reader
description: Reads.
capability: { name: reading, version: 1.0.0 }
tags: [reading]
author: { name: Example GmbH }
pricing: free
input: [{ id: brief, type: file, name: Brief, data: { outputFormat: url }${field} }]
${source}`,
  );
  const stack = { stack: "local", network: "Preprod", hosting: "process" } as const;
  const [agent] = loadValidAgents({ folder: "own", projectRoot, ...stack });
  if (!agent) throw new Error("there is one");
  return agent;
}

describe("a field for files", () => {
  it.each<[string, string, string, unknown]>([
    [
      "of a declared crew accepts what can be read",
      "",
      CREW,
      [{ validation: "accept", value: ".csv,.md,.pdf,.txt" }],
    ],
    [
      "of a declared crew accepts what it says",
      ", validations: [{ validation: accept, value: .pdf }]",
      CREW,
      [{ validation: "accept", value: ".pdf" }],
    ],
    ["of a crew in Python accepts any", "", "build: ./forecast", undefined],
  ])("%s", (_, field, source, expected) => {
    const agent = agentWith(field, source);
    const files = {
      documents: [],
      ...(agent.source.kind === "code" ? { code: { folder: "code/0a1b", ...agent.source.entry } } : {}),
    };
    const { input } = JSON.parse(crewDeclaration(agent, "Preprod", files)) as {
      input: { validations?: unknown }[];
    };
    expect(input[0]?.validations).toEqual(expected);
  });
});

describe("what the agent's card says", () => {
  it.each<[what: string, declared: string, disclosure: string]>([
    ["a plain sentence by itself", "", STANDARD_DISCLOSURE],
    ["what the author declares", "disclosure: An AI reads it.", "An AI reads it."],
  ])("tells of an AI: %s", (_, declared, disclosure) => {
    const agent = agentWith("", `${declared}\n${CREW}`);
    expect(JSON.parse(crewDeclaration(agent, "Preprod", { documents: [] }))).toMatchObject({
      disclosure,
      capability: { name: "reading", version: "1.0.0" },
      tags: ["reading"],
      author: { name: "Example GmbH" },
    });
  });

  it.each<[listing: string, told: string | undefined]>([
    ["", undefined],
    ["listing: openapi", undefined],
    ["listing: a2a", undefined],
    ["listing: x402", "x402"],
  ])("has the manifest served that an entry needs, and no crew restart for another: %s", (declared, told) => {
    const agent = agentWith("", `${declared}\n${CREW}`);
    const { listing } = JSON.parse(crewDeclaration(agent, "Preprod", { documents: [] })) as {
      listing?: string;
    };
    expect(listing).toBe(told);
  });
});
