/**
 * Returns the configuration keys that the stack keeps as secrets, as the engine passes them to every Node program;
 * undefined if it does not.
 */
export function secretKeys(env: Readonly<Record<string, string | undefined>>): string[] | undefined {
  const text = env["PULUMI_CONFIG_SECRET_KEYS"];
  if (text === undefined || text === "") return undefined;
  const keys: unknown = JSON.parse(text);
  return Array.isArray(keys) ? keys.map(String) : undefined;
}
