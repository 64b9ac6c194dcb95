import type { BucketSettings } from "../../providers/s3/index.ts";
import { documentPlaces } from "../hosting/documents-settings.ts";
import type { OutsideSettings } from "../hosting/kind.ts";
import { type HostingsConfig, SETTINGS } from "../hosting/traits.ts";
import { wrongTogether } from "./checks.ts";
import { ConfigurationError, describe, noSuchSettings } from "./errors.ts";
import { type StackConfig, schema } from "./schema.ts";

const PREFIX = "masumi:";

/** Parts of the schema, each made once: zod compiles a new one at its first use. */
const PRESENT = schema.partial();
const OF_HOSTINGS = schema.pick({ docker: true, aws: true, shared: true });
const OF_LEDGER = schema.pick({ ledger: true });
const OF_PRICES = schema.pick({ modelPrices: true, containerPrices: true });
const OF_FOLDER = schema.pick({ agents: true });
const OF_AUTHORS = schema.pick({ hostings: true, policy: true, shared: true, documents: true, x402: true });

/** Returns the hostings' settings, completed with values that are set elsewhere. */
export function completed(
  settings: { readonly [Name in keyof HostingsConfig]?: unknown },
  outside: OutsideSettings,
): HostingsConfig {
  const names = Object.keys(SETTINGS) as (keyof HostingsConfig)[];
  // Each completes what its own schema has checked, which the compiler cannot follow through the loop.
  return Object.fromEntries(
    names.map((name) => [name, SETTINGS[name].complete(settings[name] as never, outside)]),
  ) as HostingsConfig;
}

/**
 * Returns the settings of the hostings alone, from a stack's plain values.
 * @throws ConfigurationError with every problem of theirs
 */
export function readHostingSettings(
  stack: string,
  values: Readonly<Record<string, string>>,
  env: OutsideSettings["env"],
): HostingsConfig {
  const names = Object.keys(SETTINGS) as (keyof HostingsConfig)[];
  const checked = OF_HOSTINGS.safeParse(
    Object.fromEntries(names.map((name) => [name, values[`masumi:${name}`]])),
  );
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  return completed(checked.data, { values, env });
}

/** Returns what is wrong with the settings that are there, from a stack's plain values. Those that are missing may follow. */
export function wrongSettings(values: Readonly<Record<string, string>>): string[] {
  const { data, error } = PRESENT.safeParse(ownSettings(values));
  if (error) return error.issues.map(describe);
  const hostings = completed(data, { values, env: {} });
  return wrongTogether({ ...data, ...hostings, ...documentPlaces(data.documents) });
}

/** Returns the settings of this program among a stack's values, by their names. */
export const ownSettings = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value]] : [],
    ),
  );

/**
 * Returns why a key that begins with `masumi:` is no setting; undefined if it is one, or another program's.
 *
 * @param key with `--path` it may lead into the setting: `masumi:aws.subnetIds[0]`
 */
export function notASetting(key: string): string | undefined {
  if (!key.startsWith(PREFIX)) return undefined;
  const name = key.slice(PREFIX.length).replace(/[.[].*$/su, "");
  return Object.hasOwn(schema.shape, name) ? undefined : noSuchSettings([name]);
}

/** Returns the stack's selling wallets from its plain settings; undefined if there are none or they are malformed. */
export function declaredWallets(
  settings: Readonly<Record<string, string>>,
): StackConfig["wallets"] | undefined {
  return schema.shape.wallets.safeParse(settings["masumi:wallets"]).data;
}

/** Returns the stack's own token units from its plain settings; undefined if there are none or they are malformed. */
export function assetOverrides(settings: Readonly<Record<string, string>>): StackConfig["assets"] {
  return schema.shape.assets.safeParse(settings["masumi:assets"]).data;
}

/**
 * Returns the bucket of a stack's ledger from its plain settings; undefined if there is none.
 * @throws ConfigurationError because a ledger that cannot be found must not be taken for an empty one
 */
export function ledgerSettings(
  stack: string,
  settings: Readonly<Record<string, string>>,
): BucketSettings | undefined {
  const checked = OF_LEDGER.safeParse({ ledger: settings["masumi:ledger"] });
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  return checked.data.ledger;
}

/**
 * Returns what a stack's models and containers cost, from its plain settings.
 * @throws ConfigurationError because a price that cannot be read must not be taken for none
 */
export function pricesOf(
  stack: string,
  settings: Readonly<Record<string, string>>,
): Pick<StackConfig, "modelPrices" | "containerPrices"> {
  const { "masumi:modelPrices": models, "masumi:containerPrices": containers } = settings;
  const checked = OF_PRICES.safeParse({ modelPrices: models, containerPrices: containers });
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  return checked.data;
}

/**
 * Returns the folder with a stack's agents, from its plain settings.
 * @throws ConfigurationError because agents that are looked for elsewhere would count as removed
 */
export function folderOfAgents(stack: string, settings: Readonly<Record<string, string>>): string {
  const checked = OF_FOLDER.safeParse({ agents: settings["masumi:agents"] });
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  return checked.data.agents;
}

/** What a stack allows the authors of declarations. */
export type AuthorSettings = Pick<
  StackConfig,
  "hostings" | "policy" | "shared" | "documents" | "documentsFolder" | "x402"
>;

/**
 * Returns what a stack allows the authors of declarations, from its plain settings.
 * @throws ConfigurationError because a limit that cannot be read must not be taken for none
 */
export function authorSettings(stack: string, settings: Readonly<Record<string, string>>): AuthorSettings {
  const names = Object.keys(OF_AUTHORS.shape);
  const checked = OF_AUTHORS.safeParse(
    Object.fromEntries(names.map((name) => [name, settings[`masumi:${name}`]])),
  );
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  const { documents, ...limits } = checked.data;
  return { ...limits, ...documentPlaces(documents) };
}
