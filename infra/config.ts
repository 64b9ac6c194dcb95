import { z } from "zod";
import { policySchema } from "./declarations/policy/settings.ts";
import type { KeyOfAgents, StackKeys } from "./hosting/agent-keys.ts";
import { clearTextProblems, databaseProblem } from "./hosting/clear-text.ts";
import { documentsSettings } from "./hosting/documents-settings.ts";
import type { OutsideSettings } from "./hosting/kind.ts";
import { type HostingSettings, hostingProblems } from "./hosting/settings.ts";
import { HOSTINGS, type HostingKind, type HostingsConfig, SETTINGS, placeTraits } from "./hosting/traits.ts";

const vkey = z
  .string()
  .regex(/^[0-9a-f]{56}$/, "expected 56 lower-case hex digits (the wallet's verification key)");
const digits = /^\d+$/;

const wallet = z.strictObject({
  vkey,
  /** Bech32 address; without it the balance is unknown. */
  address: z.string().min(1).optional(),
  type: z.enum(["V1", "V2"]),
  /** Contract address of the wallet's payment source; needed only if the service has several of its type. */
  paymentSource: z.string().min(1).optional(),
});

const asset = z.strictObject({
  /** Policy id and asset name in hex; "" is lovelace. */
  unit: z.string().regex(/^([0-9a-f]{56}[0-9a-f]*)?$/, "expected policy id and asset name in lower-case hex"),
  decimals: z.number().int().min(0).max(18),
});

function json<T extends z.ZodType>(schema: T, example: string) {
  return z.string().transform((text, context): z.output<T> => {
    try {
      const checked = schema.safeParse(JSON.parse(text));
      if (checked.success) return checked.data;
      for (const issue of checked.error.issues) {
        context.addIssue({ code: "custom", message: issue.message, path: issue.path });
      }
    } catch {
      context.addIssue({ code: "custom", message: `expected YAML or JSON, for example ${example}` });
    }
    return z.NEVER;
  });
}

const databaseUrl = z
  .string()
  .regex(
    /^postgres(ql)?:\/\/./,
    "expected a PostgreSQL URL, for example postgresql://crews:…@db.example.com/crews?sslmode=verify-full",
  );

/** A key for each of several agents, by agent id. */
const perAgent = <T extends z.ZodType<string>>(key: T, example: string) =>
  json(z.record(z.string(), key), `{ market-researcher: ${example} }`).optional();

const number = (fallback: string) =>
  z.string().regex(digits, "expected a whole number").default(fallback).transform(Number);

type HostingsShape = {
  [Name in keyof typeof SETTINGS]: z.ZodType<z.output<(typeof SETTINGS)[Name]["schema"]>, string | undefined>;
};

/** Returns the schemas of the hostings' settings. A map that is not set counts as an empty one. */
function settingsOfHostings(): HostingsShape {
  const shape = Object.entries(SETTINGS).map(([name, { schema, example }]) => [
    name,
    json<z.ZodType>(schema, example).prefault("{}"),
  ]);
  // Object.entries loses the types, which follow from SETTINGS.
  return Object.fromEntries(shape) as HostingsShape;
}

const MOST_DAYS = 3650;

const schema = z.strictObject({
  network: z.enum(["Preprod", "Mainnet"]),
  paymentServiceUrl: z.url({
    protocol: /^https?$/,
    error: "expected the service's base URL, ending in /api/v1",
  }),
  apiKey: z.string().min(1).optional(),
  owner: z.string().min(1),
  wallets: json(
    z.array(wallet).min(1, "expected at least one selling wallet"),
    "[{ vkey: 0b1e…, type: V2 }]",
  ),
  /** Where crews run, unless an agent's own `hosting:` says otherwise. */
  hosting: z.enum(HOSTINGS, { error: `expected one of ${HOSTINGS.join(", ")}` }).default("process"),
  /** The hostings that agents may choose with `hosting:`. Default: the stack's own alone. */
  hostings: json(
    z.array(z.enum(HOSTINGS, { error: `expected ${HOSTINGS.join(", ")}` })),
    "[ecs-alb, ecs-express]",
  ).optional(),
  /** What authors may declare; docs/operations.md, What authors may do. */
  policy: json(policySchema, "{ images: [ghcr.io/example], fetchHosts: ['*.example.org'] }").optional(),
  ...settingsOfHostings(),
  /** How long to look for the effect of a request whose answer was lost. */
  settleSeconds: number("30"),
  /** How long to wait until an agent answers at its URL before giving up its registration. */
  probeSeconds: number("60"),
  /** How long the chain may take to confirm. Default: as long as the wallet's queue needs, at least an hour. */
  waitMinutes: z.string().regex(digits, "expected a whole number").transform(Number).optional(),
  modelApi: z
    .url({ protocol: /^https?$/, error: "expected a base URL, for example https://api.openai.com/v1" })
    .optional(),
  modelKey: z.string().min(1).optional(),
  /** Keys of single agents; the others use modelKey. */
  modelKeys: perAgent(z.string().min(1), "…"),
  modelName: z.string().min(1).default("gpt-4.1-mini"),
  /** The model's tokens that each agent may use in a day, by UTC; without it as many as its jobs need. */
  dailyTokens: z
    .string()
    .regex(digits, "expected a whole number")
    .transform(Number)
    .refine((tokens) => tokens >= 1000 && tokens <= 1e12, "expected 1000 to 1000000000000")
    .optional(),
  /** The key that crews take payments with; never the one that registers agents. */
  runtimeKey: z.string().min(1).optional(),
  /** Keys of single agents; the others share runtimeKey. */
  runtimeKeys: perAgent(z.string().min(1), "…"),
  /**
   * Where crews in containers keep their jobs. Paid agents need it on ECS, where jobs must outlive a task. Its user makes a role
   * for each agent, and only that one reaches a crew.
   */
  databaseUrl: databaseUrl.optional(),
  /** URLs of single agents, for whom no role is made. */
  databaseUrls: perAgent(databaseUrl, "postgresql://…"),
  /** The certificates that the database's certificate is checked against, as PEM text. Default: the public authorities'. */
  databaseCa: z
    .string()
    .regex(/^\s*-----BEGIN CERTIFICATE-----/, "expected certificates as PEM text")
    .optional(),
  /** After how many days crews in containers erase the results of jobs that have ended. */
  keepDays: number("30").refine((days) => days >= 1 && days <= MOST_DAYS, `expected 1 to ${MOST_DAYS} days`),
  /** Hosts that may be reached unencrypted, though they are not this machine; never on Mainnet. */
  allowClearText: json(z.array(z.string().min(1)), "[model.internal]").optional(),
  /** Where to store documents that are too large for an image. */
  documents: json(documentsSettings, "{ bucket: example-documents }").optional(),
  /** The key with which containers read that bucket if they have no role for it. */
  documentsKey: z
    .string()
    .regex(/^[^\s:]+:\S+$/, "expected <access key id>:<secret access key>")
    .optional(),
  assets: json(z.record(z.string(), asset), "{ USDM: { unit: c48c…, decimals: 6 } }").optional(),
  /**
   * Whether agents may be registered with a URL that only this machine or its network can reach. Only for simulated
   * networks: on a real one, ADA would be spent on an agent that nobody can call.
   */
  allowPrivateUrls: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
  /** What else may be registered on the selling wallets: owners of other stacks, or ids of registrations. */
  otherRegistrations: json(z.array(z.string().min(1)), "[another-owner]").optional(),
  v1Replacement: z.enum(["create-first", "delete-first"]).default("create-first"),
  /** What a run may take from the wallets, in ADA: fees, and what new tokens lock. Demanded on Mainnet. */
  maxAda: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,6})?$/, "expected an amount of ADA, for example 12.5")
    .optional(),
  allowDeregister: json(z.array(z.string()), "[market-researcher]").optional(),
  confirmMainnet: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
});

export type StackConfig = Omit<z.output<typeof schema>, keyof HostingsConfig> &
  HostingsConfig &
  // Read-only commands see only that there is a secret, not its value.
  StackKeys & {
    /** Its name. */
    readonly stack: string;
  };
export type Wallet = StackConfig["wallets"][number];

/** Settings that must be kept as Pulumi secrets. */
const SECRETS = [
  "apiKey",
  "runtimeKey",
  "runtimeKeys",
  "modelKey",
  "modelKeys",
  "databaseUrl",
  "databaseUrls",
  "documentsKey",
];

/** Returns an agent's key, its own or else the stack's; undefined if there is none, or its value is not known here. */
export const keyOf = (config: StackConfig, name: KeyOfAgents, agentId: string): string | undefined =>
  config[`${name}s`]?.[agentId] ?? config[name];

/** How to correct a setting, in addition to what is wrong with it. */
const REMEDIES: Record<string, string> = {
  network: "npx masumi-agents config set masumi:network Preprod",
  paymentServiceUrl: "npx masumi-agents config set masumi:paymentServiceUrl https://…/api/v1",
  apiKey: "npx masumi-agents config set --secret masumi:apiKey …, or set MASUMI_API_KEY",
  owner:
    "npx masumi-agents config set masumi:owner <a permanent name: your team or repository>; it marks your registrations",
  wallets:
    "list the selling wallets' verification keys (the service's administrator finds them on the admin page)",
};

/** Names the stack in the commands of a remedy: without it, they would set the one that is selected. */
export const ofStack = (stack: string, text: string): string =>
  text.replaceAll("masumi-agents config set ", `masumi-agents config set -s ${stack} `);

/** Lists every problem of a stack's configuration. Code CONFIG_INVALID; never contains a secret's value. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "CONFIG_INVALID";
  readonly problems: readonly string[];

  constructor(stack: string, problems: readonly string[]) {
    const listed = problems.map((problem) => ofStack(stack, problem));
    super(
      `CONFIG_INVALID: Pulumi.${stack}.yaml has problems:\n${listed.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = listed;
  }
}

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

/** Returns what a stack's configuration lacks for a hosting that an agent chose itself; see hostingProblems. */
export const problemsOfHosting = (kind: HostingKind, config: StackConfig): string[] =>
  hostingProblems(kind, hostingSettings(config));

const hostingSettings = (config: StackConfig): HostingSettings => ({
  ...config,
  hasModelApi: config.modelApi !== undefined,
  hasDocumentsKey: config.secrets.includes("documentsKey"),
});

function crossChecks(config: StackConfig): string[] {
  const problems = hostingProblems(config.hosting, hostingSettings(config));
  if (config.network === "Mainnet" && !config.confirmMainnet) {
    problems.push("masumi:confirmMainnet must be true, because registrations on Mainnet cost real ADA");
  }
  if (config.network === "Mainnet" && config.maxAda === undefined) {
    problems.push(
      "masumi:maxAda is missing: on Mainnet a run needs a limit of the ADA that it may take from the wallets (fees, and 5 ADA " +
        "for each new token). Set it with npx masumi-agents config set masumi:maxAda 20",
    );
  }
  if (config.network === "Mainnet" && config.allowPrivateUrls) {
    problems.push(
      "masumi:allowPrivateUrls is only for simulated networks: on Mainnet an agent's URL must be public",
    );
  }
  problems.push(...transportProblems(config));
  const besideKeys =
    config.hostings?.filter((kind: HostingKind) => placeTraits(kind, config).runsBesideKeys) ?? [];
  if (config.network === "Mainnet" && besideKeys.length > 0) {
    problems.push(
      `masumi:hostings contains ${besideKeys.join(", ")}, which runs crews beside the keys of the machine that deploys: ` +
        "never on Mainnet",
    );
  }
  const vkeys = config.wallets.map(({ vkey }) => vkey);
  for (const repeated of new Set(vkeys.filter((vkey, index) => vkeys.indexOf(vkey) !== index))) {
    problems.push(`masumi:wallets contains ${repeated} twice`);
  }
  return problems;
}

/** Returns what would go unencrypted, or to a server that nobody has checked, as far as the values are known. */
function transportProblems(config: StackConfig): string[] {
  const { network, paymentServiceUrl, modelApi, docker, documents, databaseUrl, databaseUrls = {} } = config;
  const isMainnet = network === "Mainnet";
  const excepted = isMainnet ? [] : (config.allowClearText ?? []);
  const databases: [string, string | undefined][] = [
    ["databaseUrl", databaseUrl],
    ...Object.entries(databaseUrls).map(([id, url]): [string, string] => [`databaseUrls.${id}`, url]),
  ];
  return [
    ...(isMainnet && config.allowClearText
      ? ["masumi:allowClearText is not available on Mainnet: remove it"]
      : []),
    ...clearTextProblems(
      { paymentServiceUrl, modelApi, "docker.url": docker.url, "documents.endpoint": documents?.endpoint },
      excepted,
    ),
    ...databases.flatMap(([name, url]) => (url && databaseProblem(name, url, excepted)) || []),
  ];
}

/** Returns the hostings' settings, completed with values that are set elsewhere. */
function completed(settings: z.output<typeof schema>, outside: OutsideSettings): HostingsConfig {
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
  const checked = schema
    .pick({ docker: true, aws: true, shared: true })
    .safeParse(Object.fromEntries(names.map((name) => [name, values[`masumi:${name}`]])));
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  return completed(checked.data as z.output<typeof schema>, { values, env });
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
  const own = Object.entries(values).filter(([key]) => key.startsWith("masumi:"));
  const settings: Record<string, string> = Object.fromEntries(
    own.map(([key, value]) => [key.slice("masumi:".length), value]),
  );
  const apiKey = env["MASUMI_API_KEY"] ?? settings["apiKey"];

  const secrets = SECRETS.filter(
    (name) => settings[name] !== undefined || secretKeys?.includes(`masumi:${name}`) === true,
  );

  const checked = schema.safeParse(settings);
  const config = checked.success
    ? {
        ...checked.data,
        ...completed(checked.data, { values, env }),
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

/** Returns the agents in those maps of keys that can be read here. */
const agentsIn = ({ runtimeKeys, modelKeys, databaseUrls }: z.output<typeof schema>) =>
  Object.fromEntries(
    Object.entries({ runtimeKeys, modelKeys, databaseUrls }).flatMap(([name, map]) =>
      map ? [[name, Object.keys(map)] as const] : [],
    ),
  );

/** Returns every key that crews take payments with, by the setting's name. */
export const runtimeKeysOf = (
  config: Pick<z.output<typeof schema>, "runtimeKey" | "runtimeKeys"> | undefined,
): [name: string, key: string][] => [
  ...(config?.runtimeKey ? [["runtimeKey", config.runtimeKey] as [string, string]] : []),
  ...Object.entries(config?.runtimeKeys ?? {}).map(([id, key]): [string, string] => [
    `runtimeKeys.${id}`,
    key,
  ]),
];

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `masumi:${issue.keys.join(", masumi:")} is not a setting; the settings are ${Object.keys(schema.shape).join(", ")}`;
  }
  const [name = "", ...inside] = issue.path.map(String);
  const missing = issue.code === "invalid_type" && inside.length === 0;
  const remedy = REMEDIES[name] ? ` (${REMEDIES[name]})` : "";
  return `masumi:${[name, ...inside].join(".")}${missing ? " is missing" : `: ${issue.message}`}${remedy}`;
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

/** What a stack allows the authors of declarations. */
export type AuthorSettings = Pick<StackConfig, "hostings" | "policy" | "shared">;

/**
 * Returns what a stack allows the authors of declarations, from its plain settings.
 * @throws ConfigurationError because a limit that cannot be read must not be taken for none
 */
export function authorSettings(stack: string, settings: Readonly<Record<string, string>>): AuthorSettings {
  const { "masumi:hostings": hostings, "masumi:policy": policy, "masumi:shared": shared } = settings;
  const checked = schema
    .pick({ hostings: true, policy: true, shared: true })
    .safeParse({ hostings, policy, shared });
  if (!checked.success) throw new ConfigurationError(stack, checked.error.issues.map(describe));
  return checked.data;
}
