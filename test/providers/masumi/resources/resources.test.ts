import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { AgentConfirmation, AgentRegistration } from "../../../../providers/masumi/index.ts";
import { PROVIDER_TEXTS } from "../../../../providers/provider-texts.ts";
import { LISTING, V2, V2_SOURCE } from "../inputs.ts";

const created: pulumi.runtime.MockResourceArgs[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: (resource) => {
        created.push(resource);
        return { id: `${resource.name}-id`, state: { ...resource.inputs, revision: "1" } };
      },
      call: ({ token }) => {
        throw new Error(`unexpected call of ${token}`);
      },
    },
    "masumi-agents",
    "test",
  );
});

const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

test("an agent's resources have fixed types, the frozen provider texts, and their own URN as input", async () => {
  class Agent extends pulumi.ComponentResource {
    constructor() {
      super("masumi:index:Agent", "market-researcher");
    }
  }
  const registration = new AgentRegistration(
    "market-researcher",
    {
      agentId: "market-researcher",
      marker: "iac-0123456789abcdef-0123456789abcdef",
      network: "Preprod",
      wallet: V2,
      listing: { ...LISTING, apiBaseUrl: pulumi.output("https://agent.example.com") },
      sourceAddress: V2_SOURCE,
      probe: { allowPrivate: false },
    },
    { parent: new Agent() },
  );
  const confirmation = new AgentConfirmation("market-researcher", {
    registrationId: registration.id,
    revision: registration.revision,
    network: "Preprod",
    walletVkey: V2.vkey,
    walletType: V2.type,
    waitMinutes: 60,
  });
  const urns = [await valueOf(registration.urn), await valueOf(confirmation.urn)];

  const inputs = Object.fromEntries(
    created.map(({ type, inputs }) => [type, inputs as Record<string, unknown>]),
  );
  expect(inputs["pulumi-nodejs:dynamic/masumi:AgentRegistration"]).toMatchObject({
    __provider: PROVIDER_TEXTS.AgentRegistration,
    resourceUrn: urns[0],
    listing: { apiBaseUrl: "https://agent.example.com", tags: ["research", "markets"] },
  });
  expect(inputs["pulumi-nodejs:dynamic/masumi:AgentConfirmation"]).toMatchObject({
    __provider: PROVIDER_TEXTS.AgentConfirmation,
    resourceUrn: urns[1],
    registrationId: "market-researcher-id",
    __revision: "1",
  });
  expect(urns[0]).toContain(
    "::masumi:index:Agent$pulumi-nodejs:dynamic/masumi:AgentRegistration::market-researcher",
  );
});
