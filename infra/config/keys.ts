import type { KeyOfAgents } from "../hosting/agent-keys.ts";
import type { Settings, StackConfig } from "./schema.ts";

/** Settings that must be kept as Pulumi secrets. */
export const SECRETS = [
  "apiKey",
  "runtimeKey",
  "runtimeKeys",
  "modelKey",
  "modelKeys",
  "databaseUrl",
  "databaseUrls",
  "documentsKey",
  "records",
  "registryKey",
  "tracesHeaders",
];

/** Returns an agent's key, its own or else the stack's; undefined if there is none, or its value is not known here. */
export const keyOf = (config: StackConfig, name: KeyOfAgents, agentId: string): string | undefined =>
  config[`${name}s`]?.[agentId] ?? config[name];

/** Returns the agents in those maps of keys that can be read here. */
export const agentsIn = ({ runtimeKeys, modelKeys, databaseUrls }: Settings) =>
  Object.fromEntries(
    Object.entries({ runtimeKeys, modelKeys, databaseUrls }).flatMap(([name, map]) =>
      map ? [[name, Object.keys(map)] as const] : [],
    ),
  );

/** Returns every key that crews take payments with, by the setting's name. */
export const runtimeKeysOf = (
  config: Pick<Settings, "runtimeKey" | "runtimeKeys"> | undefined,
): [name: string, key: string][] => [
  ...(config?.runtimeKey ? [["runtimeKey", config.runtimeKey] as [string, string]] : []),
  ...Object.entries(config?.runtimeKeys ?? {}).map(([id, key]): [string, string] => [
    `runtimeKeys.${id}`,
    key,
  ]),
];
