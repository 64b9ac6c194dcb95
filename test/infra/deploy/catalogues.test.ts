import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { loadPublishers } from "../../../infra/deploy/catalogues/publish.ts";
import type { Agent } from "../../../infra/declarations/index.ts";

const AGENT = {
  id: "writer",
  name: "Writer",
  description: "Writes.",
  tags: ["writing"],
  capability: { name: "writing", version: "1.0.0" },
  author: { name: "Example GmbH" },
  legal: {},
  source: { kind: "inline" },
  hosting: "process",
} as unknown as Agent;
const SETTINGS = { "aws-agent-registry": { registryId: "abcdefghijkl" } };

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: unknown;
}

/** What a run registers under Pulumi's mock monitor, of an agent at a URL. */
async function registered(
  url: pulumi.Input<string>,
  settings = SETTINGS,
  isPreview = false,
): Promise<Registered[]> {
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        resources.push({ type, name, inputs });
        return { id: `${name}-id`, state: inputs as object };
      },
      call({ token }) {
        throw new Error(`no double for ${token}`);
      },
    },
    "masumi-agents",
    "preprod",
    isPreview,
  );
  const publish = await loadPublishers(settings);
  publish(AGENT, { url, network: "Preprod", stack: "preprod" }, {});
  await pulumi.runtime.disconnect();
  return resources;
}

describe("a record in AWS Agent Registry", () => {
  const url = "https://agents.example.com/writer";

  it("is made by the AWS provider, and the same in the next run", async () => {
    const [first] = await registered(pulumi.output(url));
    expect(first).toMatchObject({ type: "aws:cloudcontrol/resource:Resource", name: "writer" });
    const { typeName, desiredState } = (first?.inputs ?? {}) as { typeName: string; desiredState: string };
    expect(typeName).toBe("AWS::AgentRegistry::RegistryRecord");
    expect(JSON.parse(desiredState)).toMatchObject({
      RegistryId: "abcdefghijkl",
      Name: "preprod/writer",
      Descriptors: { A2aAgentCard: { Source: { FromUrl: { Url: `${url}/.well-known/agent-card.json` } } } },
    });
    expect(await registered(pulumi.output(url))).toEqual([first]);
  });

  it("is not made where the stack does not list its agents there", async () => {
    expect(await registered(url, {} as typeof SETTINGS)).toEqual([]);
  });
});
