import type { Agent } from "../declarations/index.ts";

/**
 * What the crew runtime is told about its agent (crew.json), as text that only changes with it. What only the registry
 * needs is left out, so that a change of it neither restarts a crew nor builds an image.
 */
export function crewDeclaration(agent: Agent, network: string): string {
  if (agent.source.kind !== "inline") throw new Error(`${agent.id} has no inline crew`);
  const { id, name, description, pricing, input, model, exampleOutputs } = agent;
  return JSON.stringify({
    id,
    name,
    description,
    network,
    pricing,
    input,
    crew: agent.source.crew,
    model,
    exampleOutputs,
  });
}
