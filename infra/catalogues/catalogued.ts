import { type Agent, STANDARD_DISCLOSURE, runsInRuntime } from "../declarations/index.ts";
import type { Catalogued } from "./kind.ts";

/** Where an agent answers, and what it is called there. */
export type Place = Pick<Catalogued, "url" | "network" | "stack" | "agentIdentifier">;

/** Returns what catalogues are told of an agent: what is declared, and where it is. */
export function cataloguedOf(agent: Agent, { url, network, stack, agentIdentifier }: Place): Catalogued {
  const { id, name, description, tags, capability, author, legal, user, sources = [] } = agent;
  const common = {
    id,
    name,
    tags,
    capability,
    author,
    legal,
    takesX402: sources.length > 0,
    url,
    network,
    stack,
    ...(user === undefined ? {} : { user }),
    ...(agentIdentifier === undefined ? {} : { agentIdentifier }),
  };
  if (!runsInRuntime(agent)) return { ...common, description };
  const { disclosure = STANDARD_DISCLOSURE } = agent;
  return {
    ...common,
    description: `${description} ${disclosure}`,
    disclosure,
    // As the crew runtime serves them.
    cardUrl: `${url}/.well-known/agent-card.json`,
    openApiUrl: `${url}/openapi.json`,
  };
}
