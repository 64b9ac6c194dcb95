import { z } from "zod";
import type { Catalogue, Catalogued, Json } from "../kind.ts";

const settings = z.strictObject({
  registryId: z
    .string()
    .regex(
      /^(arn:aws[a-z-]*:agent-registry:[a-z0-9-]+:\d{12}:registry\/)?[a-zA-Z0-9]{12,16}$/,
      "expected the id or ARN of an AWS Agent Registry",
    ),
});

/** The record of a card is kept as the card says by AWS itself; of an agent whose card is not known, all is said here. */
function descriptorOf(agent: Catalogued): { RecordType: string; Descriptors: Json } {
  const { cardUrl, url, name, description, capability, tags, author, network } = agent;
  if (cardUrl !== undefined) {
    return { RecordType: "AGENT", Descriptors: { A2aAgentCard: { Source: { FromUrl: { Url: cardUrl } } } } };
  }
  const data = { protocol: "MIP-003", url, name, description, capability, tags, author, network };
  return { RecordType: "CUSTOM", Descriptors: { Custom: { Data: JSON.stringify(data) } } };
}

/** A record in AWS Agent Registry, as CloudFormation has it. */
export const awsAgentRegistry: Catalogue<typeof settings> = {
  settings,
  module: "aws-agent-registry",
  packages: ["@pulumi/aws"],
  entry: (agent, { registryId }) => ({
    RegistryId: registryId,
    // Stacks may share a registry.
    Name: `${agent.stack}/${agent.id}`,
    DisplayName: agent.name,
    Description: agent.description,
    RecordVersion: agent.capability.version,
    ...descriptorOf(agent),
  }),
};
