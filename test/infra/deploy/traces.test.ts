import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Recorded, record, shortName } from "./recorder.ts";
import { FIXTURES, deploy } from "./stack.ts";

const HEADERS = "x-api-key=sentinel-of-the-collector";
const ENDPOINT = "https://collector.example.com:4318";
const COMMON = {
  name: "Writer",
  description: "Writes texts.",
  capability: { name: "writing", version: "1" },
  tags: ["writing"],
  author: { name: "Example GmbH" },
  pricing: "free",
};
const CREW = {
  agents: { a: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "a", description: "d", expected_output: "e" }],
};
const DOMAIN = { domain: "agents.example.com" };
const BUCKET = { bucket: "example-agents" };

/** What a stack registers that has a crew in the runtime and, where there can be one, somebody's image. */
async function registered(stack: { readonly hosting: string }) {
  const root = mkdtempSync(join(tmpdir(), "masumi-traces-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  cpSync(join(FIXTURES, "_project"), root, { recursive: true });
  const traces = { endpoint: ENDPOINT, captureMessageContent: true };
  writeFileSync(join(root, "stack.json"), JSON.stringify({ traces, tracesHeaders: HEADERS, ...stack }));
  mkdirSync(join(root, "agents"));
  writeFileSync(join(root, "agents/writer.yaml"), JSON.stringify({ ...COMMON, crew: CREW }));
  if (!["process", "shared"].includes(stack.hosting)) {
    const image = `ghcr.io/example/agent@sha256:${"0".repeat(64)}`;
    writeFileSync(
      join(root, "agents/foreign.yaml"),
      JSON.stringify({ ...COMMON, name: "Other", image, secrets: [] }),
    );
  }
  return record(() => deploy(root));
}

/** Where the collector's address is, and where its headers are once secrets are uncovered. */
interface Told {
  readonly endpoint: readonly string[];
  readonly headers: readonly string[];
}

const ON: readonly [string, { readonly hosting: string } & Record<string, unknown>, Told][] = [
  [
    "processes",
    { hosting: "process" },
    { endpoint: ["CrewProcess writer"], headers: ["CrewProcess writer"] },
  ],
  [
    "a Docker engine",
    { hosting: "docker" },
    { endpoint: ["Container writer"], headers: ["Container writer"] },
  ],
  [
    "ECS",
    { hosting: "ecs-alb", aws: DOMAIN },
    {
      endpoint: ["TaskDefinition writer"],
      headers: ["SecretVersion masumi-agents-preprod-traces-headers"],
    },
  ],
  [
    "ECS Express",
    { hosting: "ecs-express" },
    {
      endpoint: ["ExpressGatewayService writer"],
      headers: ["SecretVersion masumi-agents-preprod-traces-headers"],
    },
  ],
  [
    "a shared process",
    { hosting: "shared", shared: { on: "process" } },
    { endpoint: ["SharedProcess _shared"], headers: ["SharedProcess _shared"] },
  ],
  [
    "a shared container",
    { hosting: "shared", shared: { on: "docker" } },
    { endpoint: ["Container _shared"], headers: ["Container _shared"] },
  ],
  [
    "a shared service on ECS",
    {
      hosting: "shared",
      shared: { on: "ecs-alb" },
      aws: DOMAIN,
      documents: BUCKET,
    },
    {
      endpoint: ["TaskDefinition _shared"],
      headers: ["SecretVersion _shared-traces-headers"],
    },
  ],
];

const holders = (all: readonly Pick<Recorded, "type" | "name" | "inputs">[], ...texts: string[]) =>
  all.filter(({ inputs }) => texts.some((text) => JSON.stringify(inputs).includes(text))).map(shortName);

describe("crews that run on", () => {
  it.each(ON)(
    "%s are told of the collector, and its headers are a secret of the stack",
    async (_, on, told) => {
      const { resources, registered: uncovered } = await registered(on);
      expect(holders(resources, "sentinel-of-the-collector"), "in no state in the clear").toEqual([]);
      expect(holders(uncovered, HEADERS)).toEqual(told.headers);
      expect(holders(uncovered, ENDPOINT)).toEqual(told.endpoint);
      expect(holders(uncovered, "TRACES_MESSAGE_CONTENT")).toEqual(told.endpoint);
      expect(holders(uncovered, "TRACES_HEADERS", "tracesHeaders")).toEqual(told.endpoint);
    },
  );
});
