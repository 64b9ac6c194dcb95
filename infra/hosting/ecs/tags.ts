/** The tags by which policies and people tell whose a resource is. */
export const TAGS = { project: "masumi:project", stack: "masumi:stack", agent: "masumi:agent" } as const;

/** Returns the tags that say whose a resource is: a stack's, or one agent's. */
export const ownTags = (
  project: string,
  stack: string,
  agentId?: string,
): Readonly<Record<string, string>> => ({
  [TAGS.project]: project,
  [TAGS.stack]: stack,
  ...(agentId === undefined ? {} : { [TAGS.agent]: agentId }),
});
