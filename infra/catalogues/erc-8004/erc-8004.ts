import { z } from "zod";
import type { Catalogue, Catalogued, Json } from "../kind.ts";

/** Says what kind of file it is, by the standard. */
const FILE_TYPE = "https://eips.ethereum.org/EIPS/eip-8004#registration-v1";
/** Of the crew runtime's cards. */
const A2A_VERSION = "1.0";

const registration = z.strictObject({
  /** The token's number. */
  agentId: z.int().min(0),
  agentRegistry: z
    .string()
    .regex(/^eip155:\d+:0x[0-9a-fA-F]{40}$/, "expected a registry as eip155:<chain>:<address>"),
});

const settings = z.strictObject({
  /** A picture that stands for agents, as wallets and explorers show it. */
  image: z.url({ protocol: /^(https|ipfs)$/ }).exactOptional(),
  /** Where agents are registered, by agent id. Known once each token is minted, which is no affair of this program. */
  registrations: z.record(z.string(), z.array(registration)).prefault({}),
});

function servicesOf({ url, cardUrl, openApiUrl, agentIdentifier, network, author }: Catalogued): Json[] {
  return [
    { name: "web", endpoint: url },
    ...(cardUrl === undefined ? [] : [{ name: "A2A", endpoint: cardUrl, version: A2A_VERSION }]),
    ...(openApiUrl === undefined ? [] : [{ name: "OpenAPI", endpoint: openApiUrl }]),
    ...(agentIdentifier === undefined
      ? []
      : [{ name: "Masumi", endpoint: agentIdentifier, version: network }]),
    ...(author.contactEmail === undefined ? [] : [{ name: "email", endpoint: author.contactEmail }]),
  ];
}

/** The registration file of an agent on an EVM chain. Whoever mints the token publishes the file, and names its address there. */
export const erc8004: Catalogue<typeof settings> = {
  settings,
  entry: (agent, { image, registrations }) => ({
    type: FILE_TYPE,
    name: agent.name,
    description: agent.description,
    ...(image === undefined ? {} : { image }),
    services: servicesOf(agent),
    x402Support: agent.takesX402,
    active: true,
    registrations: (Object.hasOwn(registrations, agent.id) ? registrations[agent.id] : undefined) ?? [],
  }),
};
