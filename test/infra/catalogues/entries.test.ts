import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CATALOGUES, cataloguesSettings } from "../../../infra/catalogues/catalogues.ts";
import {
  type CataloguesSettings,
  cataloguedOf,
  entryIn,
  usedCatalogues,
} from "../../../infra/catalogues/index.ts";
import type { Agent } from "../../../infra/declarations/index.ts";
import { loadAgents } from "../../../infra/declarations/index.ts";
import { TestProject, repository } from "../../helpers/project.ts";

const IDENTIFIER = `${"ab".repeat(28)}0001`;
const DISCLOSURE = "An AI writes this.";

const DECLARED = `
name: Market Researcher
description: Researches a market.
disclosure: ${DISCLOSURE}
capability: { name: market-research, version: 1.2.0 }
tags: [Research & Markets, c#]
author: { name: Example GmbH, contactEmail: agents@example.com }
legal: { terms: https://example.com/terms }
pricing: free
input: [{ id: market, type: string, name: Market }]
`;
const CREW = `${DECLARED}
crew:
  agents: { researcher: { role: Researcher, goal: Research, backstory: You read a lot. } }
  tasks: [{ name: brief, agent: researcher, description: "Write about {market}", expected_output: A brief }]
`;
const ELSEWHERE = `${DECLARED.replaceAll(/^(disclosure|input).*\n/gm, "")}url: https://agents.example.com/market\n`;

/** The agent that a text declares. */
async function declared(text: string): Promise<Agent> {
  const project = new TestProject();
  project.write("agents/market-researcher.yaml", text);
  const { agents, complaints } = loadAgents({
    projectRoot: project.root,
    folder: "agents",
    network: "Preprod",
    stack: "preprod",
    hosting: "process",
    x402: { base: { network: "eip155:8453", payTo: `0x${"1".repeat(40)}`, tokens: {} } },
  });
  await project.dispose();
  const [agent] = agents;
  if (!agent) throw new Error(JSON.stringify(complaints));
  return agent;
}

const PLACE = {
  url: "https://agents.example.com/market",
  network: "Preprod",
  stack: "preprod",
  agentIdentifier: IDENTIFIER,
} as const;
const SETTINGS = cataloguesSettings.parse({
  "aws-agent-registry": { registryId: "abcdefghijkl" },
  "erc-8004": {
    registrations: { "market-researcher": [{ agentId: 7, agentRegistry: `eip155:1:0x${"8".repeat(40)}` }] },
  },
  backstage: { owner: "group:default/agents", system: "research" },
});

const entriesOf = async (text: string, settings: CataloguesSettings = SETTINGS) => {
  const agent = cataloguedOf(await declared(text), PLACE);
  return Object.fromEntries(usedCatalogues(settings).map((name) => [name, entryIn(name, agent, settings)]));
};

describe("the table of catalogues", () => {
  it("has a folder for each row, and a setting", () => {
    const folders = readdirSync(join(repository, "infra/catalogues"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(Object.keys(CATALOGUES).toSorted()).toEqual(folders.toSorted());
    expect(Object.keys(cataloguesSettings.shape).toSorted()).toEqual(folders.toSorted());
  });

  it.each([
    ["a catalogue that there is not", { "erc-8005": {} }, /erc-8005/],
    ["a registry that is none", { "aws-agent-registry": { registryId: "x y" } }, /AWS Agent Registry/],
    ["an owner that is missing", { backstage: {} }, /owner/],
    [
      "a registration on no chain",
      { "erc-8004": { registrations: { a: [{ agentId: 1, agentRegistry: "0x1" }] } } },
      /eip155/,
    ],
  ])("refuses %s", (_, settings, said) => {
    expect(JSON.stringify(cataloguesSettings.safeParse(settings).error?.issues)).toMatch(said);
  });
});

describe("an agent in the crew runtime", () => {
  it("has its card, its OpenAPI document and its disclosure in every entry", async () => {
    for (const entry of Object.values(await entriesOf(CREW))) {
      const text = JSON.stringify(entry);
      expect(text).toContain(`${PLACE.url}/.well-known/agent-card.json`);
      expect(text).toContain(DISCLOSURE);
    }
  });

  it("is a record of its card in AWS Agent Registry", async () => {
    expect((await entriesOf(CREW))["aws-agent-registry"]).toEqual({
      RegistryId: "abcdefghijkl",
      Name: "preprod/market-researcher",
      DisplayName: "Market Researcher",
      Description: `Researches a market. ${DISCLOSURE}`,
      RecordVersion: "1.2.0",
      RecordType: "AGENT",
      Descriptors: {
        A2aAgentCard: { Source: { FromUrl: { Url: `${PLACE.url}/.well-known/agent-card.json` } } },
      },
    });
  });

  it("has a registration file of ERC-8004", async () => {
    expect((await entriesOf(CREW))["erc-8004"]).toEqual({
      type: "https://eips.ethereum.org/EIPS/eip-8004#registration-v1",
      name: "Market Researcher",
      description: `Researches a market. ${DISCLOSURE}`,
      services: [
        { name: "web", endpoint: PLACE.url },
        { name: "A2A", endpoint: `${PLACE.url}/.well-known/agent-card.json`, version: "1.0" },
        { name: "OpenAPI", endpoint: `${PLACE.url}/openapi.json` },
        { name: "Masumi", endpoint: IDENTIFIER, version: "Preprod" },
        { name: "email", endpoint: "agents@example.com" },
      ],
      x402Support: false,
      active: true,
      registrations: [{ agentId: 7, agentRegistry: `eip155:1:0x${"8".repeat(40)}` }],
    });
  });

  it("is a component and an API in Backstage, by its rules for names, tags and links", async () => {
    const entities = (await entriesOf(CREW))["backstage"] as readonly {
      readonly kind: string;
      readonly metadata: { readonly name: string; readonly tags?: readonly string[] };
      readonly spec: Readonly<Record<string, unknown>>;
    }[];
    const [component, api] = entities;
    expect(entities.map(({ kind }) => kind)).toEqual(["Component", "API"]);
    for (const { metadata } of entities)
      expect(metadata.name).toMatch(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/);
    expect(component?.metadata.tags).toEqual(["research-markets", "c#"]);
    expect(component?.spec).toEqual({
      type: "ai-agent",
      lifecycle: "experimental",
      owner: "group:default/agents",
      system: "research",
      providesApis: ["market-researcher"],
    });
    expect(api?.spec).toMatchObject({ type: "openapi", definition: { $text: `${PLACE.url}/openapi.json` } });
    expect(component?.metadata).toMatchObject({
      annotations: {
        "masumi.network/agent-identifier": IDENTIFIER,
        "masumi.network/ai-disclosure": DISCLOSURE,
      },
      links: [
        { url: PLACE.url, title: "Agent" },
        { url: `${PLACE.url}/.well-known/agent-card.json`, title: "Agent card" },
        { url: "https://example.com/terms", title: "Terms" },
      ],
    });
  });
});

describe("an agent that runs elsewhere", () => {
  it("says in ERC-8004 whether it takes payments by x402, and has only its own registrations", async () => {
    const supportOf = async (text: string) =>
      (await entriesOf(text))["erc-8004"] as {
        readonly x402Support: boolean;
        readonly registrations: unknown;
      };
    expect(await supportOf(`${ELSEWHERE}sources: [{ x402: base, pricing: free }]\n`)).toMatchObject({
      x402Support: true,
    });
    expect(await supportOf(`id: constructor\n${ELSEWHERE}`)).toMatchObject({
      x402Support: false,
      registrations: [],
    });
  });

  it("is listed with its URL, and with no card or document that nobody knows to be there", async () => {
    const entries = await entriesOf(ELSEWHERE);
    for (const entry of Object.values(entries)) {
      expect(JSON.stringify(entry)).toContain(PLACE.url);
      expect(JSON.stringify(entry)).not.toMatch(/agent-card|openapi/);
    }
    expect(entries["aws-agent-registry"]).toMatchObject({ RecordType: "CUSTOM" });
    expect(entries["backstage"]).toHaveLength(1);
  });
});
