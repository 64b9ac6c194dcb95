import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { WITH_A2A } from "../providers/masumi/strange-rows.ts";

const crew = (name: string, listing: string) => `
name: ${name}
description: Tells the weather.
capability: { name: weather, version: "1.0" }
tags: [weather]
author: { name: Example GmbH }
pricing: free
listing: ${listing}
crew:
  agents:
    forecaster: { role: Forecaster, goal: Tell the weather, backstory: You watch clouds. }
  tasks:
    - { name: forecast, agent: forecaster, description: Tell the weather., expected_output: Three sentences. }
`;

/** The registry's rules, as the probe has them, are met by what the crew runtime serves. */
describe("crews of the runtime", { timeout: 180_000 }, () => {
  const project = new TestProject();
  let sandbox: RunningSandbox;
  const LISTINGS = { Alpha: "openapi", Beta: "a2a", Gamma: "x402" };

  beforeAll(async () => {
    await crewEnvironment();
    sandbox = await startSandbox({ world: WITH_A2A, chainSpeed: "instant" });
    project.useSandbox(sandbox.url);
    for (const [name, listing] of Object.entries(LISTINGS)) {
      project.write(`agents/${name.toLowerCase()}.yaml`, crew(name, listing));
    }
  }, 120_000);

  afterAll(async () => {
    await project.dispose();
    await sandbox.close();
  });

  it("are registered by their own documents, and a second run plans nothing", async () => {
    const report = await project.report("up");
    expect(changes(report)).toContain("create AgentRegistration beta");
    const rows = await new SandboxControl(sandbox.url).rows();
    const urls = rows.map((row) => {
      const entry = row as unknown as Record<string, string | null>;
      const url = entry["openApiSpecUrl"] ?? entry["a2aAgentCardUrl"] ?? entry["x402ResourcesUrl"] ?? "";
      return `${row.name} ${entry["type"]} ${url.replace(/^http:\/\/127\.0\.0\.1:\d+/, "")}`;
    });
    expect(urls.toSorted()).toEqual([
      "Alpha OpenApi /openapi.json",
      "Beta A2A /.well-known/agent-card.json",
      "Gamma X402 /.well-known/x402.json",
    ]);
    expect(changes(await project.report("up"))).toEqual([]);
  });
});
