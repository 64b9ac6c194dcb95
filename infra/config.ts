import { documentPlaces } from "./hosting/documents-settings.ts";
import type { StackKeys } from "./hosting/agent-keys.ts";
import { crossChecks } from "./config/checks.ts";
import { ConfigurationError, REMEDIES, describe } from "./config/errors.ts";
import { SECRETS, agentsIn, runtimeKeysOf } from "./config/keys.ts";
import { completed, ownSettings } from "./config/parts.ts";
import { type StackConfig, schema } from "./config/schema.ts";

export { problemsOfHosting } from "./config/checks.ts";
export { ConfigurationError, ofStack } from "./config/errors.ts";
export { keyOf, runtimeKeysOf } from "./config/keys.ts";
export {
  type AuthorSettings,
  assetOverrides,
  authorSettings,
  declaredWallets,
  folderOfAgents,
  ledgerSettings,
  pricesOf,
  notASetting,
  readHostingSettings,
  wrongSettings,
} from "./config/parts.ts";
export type { StackConfig, Wallet } from "./config/schema.ts";

export interface RawConfig {
  readonly stack: string;
  /** All configuration values as Pulumi hands them over, keys as `namespace:name`. */
  readonly values: Readonly<Record<string, string>>;
  /** Keys of the values that are kept as secrets; absent if unknown. */
  readonly secretKeys?: readonly string[] | undefined;
  /** The agents in maps of secrets whose values are not at hand, by the setting's name. */
  readonly agentsWithKeys?: StackKeys["agentsWithKeys"];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns the stack's settings, validated. MASUMI_API_KEY takes precedence over masumi:apiKey.
 * @throws ConfigurationError with every problem and its remedy
 */
export function readStackConfig({
  stack,
  values,
  secretKeys,
  agentsWithKeys,
  env,
}: RawConfig): StackConfig & { readonly apiKey: string } {
  const settings = ownSettings(values);
  const apiKey = env["MASUMI_API_KEY"] ?? settings["apiKey"];

  const secrets = SECRETS.filter(
    (name) => settings[name] !== undefined || secretKeys?.includes(`masumi:${name}`) === true,
  );

  const checked = schema.safeParse(settings);
  const config = checked.success
    ? {
        ...checked.data,
        ...completed(checked.data, { values, env }),
        ...documentPlaces(checked.data.documents),
        stack,
        secrets,
        agentsWithKeys: { ...agentsWithKeys, ...agentsIn(checked.data) },
      }
    : undefined;
  const problems = config ? crossChecks(config) : (checked.error?.issues.map(describe) ?? []);
  for (const [name, key] of runtimeKeysOf(checked.data)) {
    if (key !== apiKey) continue;
    problems.push(
      `masumi:${name} is the same key that registers agents, which crews must not have: use a separate one`,
    );
  }
  if (!apiKey) problems.push(`masumi:apiKey is missing: ${REMEDIES["apiKey"]}`);
  for (const name of SECRETS) {
    if (!settings[name] || !secretKeys || secretKeys.includes(`masumi:${name}`)) continue;
    problems.push(
      `masumi:${name} is in plain text: git may have it by now, so have its issuer replace it, and set the new one ` +
        `with npx masumi-agents config set --secret masumi:${name}`,
    );
  }
  if (!config || !apiKey || problems.length > 0) throw new ConfigurationError(stack, problems);
  return { ...config, apiKey };
}
