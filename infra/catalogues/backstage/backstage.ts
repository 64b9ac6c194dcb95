import { z } from "zod";
import type { Catalogue, Catalogued, Json } from "../kind.ts";

const API_VERSION = "backstage.io/v1alpha1";
const LONGEST_NAME = 63;

const settings = z.strictObject({
  /** The team that owns the agents, as Backstage refers to it. */
  owner: z.string().min(1, "expected a team, for example group:default/agents"),
  /** The system that they are parts of. */
  system: z.string().min(1).exactOptional(),
});

/** What Backstage takes for a tag. */
const tagOf = (tag: string): string =>
  tag
    .toLowerCase()
    .replaceAll(/[^a-z0-9:+#]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, LONGEST_NAME);

function linksOf({ url, cardUrl, legal }: Catalogued): Json[] {
  const links: [string | undefined, string][] = [
    [url, "Agent"],
    [cardUrl, "Agent card"],
    [legal.privacyPolicy, "Privacy policy"],
    [legal.terms, "Terms"],
  ];
  return links.flatMap(([address, title]) => (address === undefined ? [] : [{ url: address, title }]));
}

/** A component for the agent and, where its OpenAPI document is known, an API: the entities of its catalog-info.yaml. */
export const backstage: Catalogue<typeof settings> = {
  settings,
  entry(agent, { owner, system }) {
    const { id, name, description, disclosure, tags, network, stack, agentIdentifier, openApiUrl } = agent;
    const metadata = { name: id.slice(0, LONGEST_NAME), title: name, description };
    const spec = {
      lifecycle: network === "Mainnet" ? "production" : "experimental",
      owner,
      ...(system === undefined ? {} : { system }),
    };
    const annotations = {
      "masumi.network/stack": stack,
      "masumi.network/network": network,
      ...(agentIdentifier === undefined ? {} : { "masumi.network/agent-identifier": agentIdentifier }),
      ...(disclosure === undefined ? {} : { "masumi.network/ai-disclosure": disclosure }),
    };
    const component = {
      apiVersion: API_VERSION,
      kind: "Component",
      metadata: {
        ...metadata,
        annotations,
        tags: [...new Set(tags.map(tagOf))].filter(Boolean),
        links: linksOf(agent),
      },
      spec: {
        type: "ai-agent",
        ...spec,
        ...(openApiUrl === undefined ? {} : { providesApis: [metadata.name] }),
      },
    };
    if (openApiUrl === undefined) return [component];
    const definition = { $text: openApiUrl };
    return [
      component,
      { apiVersion: API_VERSION, kind: "API", metadata, spec: { type: "openapi", ...spec, definition } },
    ];
  },
};
