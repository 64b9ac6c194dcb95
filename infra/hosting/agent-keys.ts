/** Settings that may be given for the whole stack, or in a map for single agents: its name is that of the setting with an s. */
export type KeyOfAgents = "runtimeKey" | "databaseUrl" | "modelKey";

/** Which keys a stack has, without their values. */
export interface StackKeys {
  /** The names of its secrets. */
  readonly secrets: readonly string[];
  /** The agents in the maps among them, as far as they are known: a map that is one secret can only be read by Pulumi. */
  readonly agentsWithKeys?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Returns whether an agent has a key of its own. Undefined if nobody but Pulumi can tell. */
export function hasOwnKey(
  { secrets, agentsWithKeys }: StackKeys,
  name: KeyOfAgents,
  agentId: string,
): boolean | undefined {
  const map = `${name}s`;
  if (!secrets.includes(map)) return false;
  return agentsWithKeys?.[map]?.includes(agentId);
}

/** Returns whether an agent gets a key, its own or the stack's; where nobody can tell, that it does. */
export const hasKey = (keys: StackKeys, name: KeyOfAgents, agentId: string): boolean =>
  keys.secrets.includes(name) || (hasOwnKey(keys, name, agentId) ?? true);
