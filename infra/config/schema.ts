import { parse } from "yaml";
import { z } from "zod";
import { bucketSettings } from "../../providers/s3/index.ts";
import { cataloguesSettings } from "../catalogues/index.ts";
import { DEFAULT_FOLDER, agentsFolder } from "../declarations/agents-folder.ts";
import { x402Settings } from "../declarations/schema/x402.ts";
import { policySchema } from "../declarations/policy/settings.ts";
import type { StackKeys } from "../hosting/agent-keys.ts";
import { type DocumentPlaces, documentsSettings } from "../hosting/documents-settings.ts";
import { HOSTINGS, type HostingsConfig, SETTINGS } from "../hosting/traits.ts";

const vkey = z
  .string()
  .regex(/^[0-9a-f]{56}$/, "expected 56 lower-case hex digits (the wallet's verification key)");
const digits = /^\d+$/;
/** An amount with as many decimals as ADA has. */
const millionths = /^\d{1,12}(\.\d{1,6})?$/;

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

/** A map or list from JSON, as Pulumi hands over what is nested, or from YAML, as people write it to `config set`. */
function structureOf(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = parse(text, { logLevel: "error" });
  }
  // Any word is YAML; what was meant is neither.
  if (typeof value === "object" && value !== null) return value;
  throw new TypeError("neither a map nor a list");
}

function structured<T extends z.ZodType>(schema: T, example: string) {
  return z.string().transform((text, context): z.output<T> => {
    let value: unknown;
    try {
      value = structureOf(text);
    } catch {
      context.addIssue({ code: "custom", message: `expected YAML or JSON, for example ${example}` });
      return z.NEVER;
    }
    const checked = schema.safeParse(value);
    if (checked.success) return checked.data;
    for (const { message, path } of checked.error.issues) {
      context.addIssue({ code: "custom", message, path });
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

const certificates = z.string().regex(/^\s*-----BEGIN CERTIFICATE-----/, "expected certificates as PEM text");

/** A key for each of several agents, by agent id. */
const perAgent = <T extends z.ZodType<string>>(key: T, example: string) =>
  structured(z.record(z.string(), key), `{ market-researcher: ${example} }`).optional();

const number = (fallback: string) =>
  z.string().regex(digits, "expected a whole number").default(fallback).transform(Number);

type HostingsShape = {
  [Name in keyof typeof SETTINGS]: z.ZodType<z.output<(typeof SETTINGS)[Name]["schema"]>, string | undefined>;
};

/** Returns the schemas of the hostings' settings. A map that is not set counts as an empty one. */
function settingsOfHostings(): HostingsShape {
  const shape = Object.entries(SETTINGS).map(([name, { schema, example }]) => [
    name,
    structured<z.ZodType>(schema, example).prefault("{}"),
  ]);
  // Object.entries loses the types, which follow from SETTINGS.
  return Object.fromEntries(shape) as HostingsShape;
}

const MOST_DAYS = 3650;

/** masumi:limits: what one client address may ask of a crew; the runtime has values of its own (crew/README.md). */
const limits = z.strictObject({
  /** Jobs in a minute; 0 is any number. */
  startRate: z.int().min(0).max(100_000).exactOptional(),
  /** Requests with a body that start no job, in a minute; 0 is any number. */
  requestRate: z.int().min(0).max(1_000_000).exactOptional(),
  /** Free jobs that may run or wait. */
  maxPerClient: z.int().min(1).max(10_000).exactOptional(),
});

/** masumi:traces: where crews in the crew runtime send what their jobs did. */
const traces = z.strictObject({
  /** An OpenTelemetry collector that takes OTLP over HTTP; `/v1/traces` is added, and `/v1/metrics` for metrics. */
  endpoint: z.url({
    protocol: /^https?$/,
    error: "expected a collector's base URL, for example https://collector.example.com:4318",
  }),
  /**
   * Whether spans also have what models were asked and what they answered, which may quote customers: what OpenTelemetry's
   * conventions for generative AI leave out unless somebody opts in. Default: false.
   */
  captureMessageContent: z.boolean().exactOptional(),
});

/** As the crew runtime reads them (TRACES_HEADERS). */
const header = /^[\w!#$%&'*+.^`|~-]+ *= *[!-~](?:[ -~]*[!-~])?$/;
const headers = z
  .string()
  .refine(
    (text) => text.split(",").every((pair) => header.test(pair.trim())),
    "expected headers as name=value, separated by commas, for example x-api-key=…",
  );

/** US dollars for so much, as a decimal: no price is ever calculated with as a floating-point number. */
const dollarsPer = (unit: string, example: string) =>
  z
    .union([z.number(), z.string()], { error: `expected US dollars per ${unit}, for example ${example}` })
    .transform(String)
    .refine((text) => millionths.test(text), {
      error: `expected US dollars per ${unit} with at most 6 decimals, for example ${example}`,
    });

const perMillionTokens = dollarsPer("million tokens", "0.4");
const perHour = dollarsPer("hour", "0.04");

/** masumi:modelPrices: what models cost, by the name that the model's API is asked by. */
const modelPrices = z.record(
  z.string().min(1),
  z.strictObject({
    /** Of what a model is asked. */
    input: perMillionTokens,
    /** Of what it answers, thinking included; 0 for embeddings. */
    output: perMillionTokens,
  }),
);

/** masumi:containerPrices: what the time costs that crews run. Each cloud and region has prices of its own, so none is built in. */
const containerPrices = z.strictObject({
  /** Of each process or container that an agent has to itself, whatever its size. */
  hour: perHour.exactOptional(),
  /** And of each vCPU of its size. */
  vcpuHour: perHour.exactOptional(),
  /** And of each GB (1024 MiB) of its size. */
  gbHour: perHour.exactOptional(),
  /** Of a job in the shared crew service, while it runs. */
  sharedJobHour: perHour.exactOptional(),
});

/** The settings of a stack, masumi:<name> each, as Pulumi hands them over: texts, and JSON for what is nested (YAML as well). */
export const schema = z.strictObject({
  network: z.enum(["Preprod", "Mainnet"]),
  paymentServiceUrl: z.url({
    protocol: /^https?$/,
    error: "expected the service's base URL, ending in /api/v1",
  }),
  apiKey: z.string().min(1).optional(),
  /** The network's registry service, which checks agents and ranks them. `status`, `drift`, `doctor` and the portal ask it. */
  registryServiceUrl: z
    .url({ protocol: /^https?$/, error: "expected the registry service's base URL, ending in /api/v1" })
    .optional(),
  /** A key of the registry service that may read. */
  registryKey: z.string().min(1).optional(),
  owner: z.string().min(1),
  wallets: structured(
    z.array(wallet).min(1, "expected at least one selling wallet"),
    "[{ vkey: 0b1e…, type: V2 }]",
  ),
  /** The folder with the stack's agents, below the project's. Several stacks may have the same one. */
  agents: agentsFolder.prefault(DEFAULT_FOLDER),
  /** Where crews run, unless an agent's own `hosting:` says otherwise. */
  hosting: z.enum(HOSTINGS, { error: `expected one of ${HOSTINGS.join(", ")}` }).default("process"),
  /** The hostings that agents may choose with `hosting:`. Default: the stack's own alone. */
  hostings: structured(
    z.array(z.enum(HOSTINGS, { error: `expected ${HOSTINGS.join(", ")}` })),
    "[ecs-alb, ecs-express]",
  ).optional(),
  /** What authors may declare; docs/operations.md, What authors may do. */
  policy: structured(policySchema, "{ images: [ghcr.io/example], fetchHosts: ['*.example.org'] }").optional(),
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
  /** What models cost, in US dollars per million tokens, for `masumi-agents costs`; changes nothing that runs. */
  modelPrices: structured(modelPrices, "{ gpt-4.1-mini: { input: 0.4, output: 1.6 } }").prefault("{}"),
  /** What containers cost, in US dollars per hour, for `masumi-agents costs`; changes nothing that runs. */
  containerPrices: structured(containerPrices, "{ vcpuHour: 0.04, gbHour: 0.004 }").prefault("{}"),
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
  databaseCa: certificates.optional(),
  /** What one client address may ask of a crew. */
  limits: structured(limits, "{ startRate: 60, maxPerClient: 32 }").prefault("{}"),
  /** Where crews send traces of their jobs, and metrics; nowhere, unless this says so. A change restarts crews. */
  traces: structured(traces, "{ endpoint: https://collector.example.com:4318 }").optional(),
  /** Headers that the collector demands, such as an API key, as name=value, separated by commas. A change restarts crews. */
  tracesHeaders: headers.optional(),
  /** After how many days crews erase the results of jobs that have ended. */
  keepDays: number("30").refine((days) => days >= 1 && days <= MOST_DAYS, `expected 1 to ${MOST_DAYS} days`),
  /** Hosts that may be reached unencrypted, though they are not this machine; never on Mainnet. */
  allowClearText: structured(z.array(z.string().min(1)), "[model.internal]").optional(),
  /** Where documents are stored: in a bucket, also those that are too large for an image, or in a folder of this machine. */
  documents: structured(documentsSettings, "{ bucket: example-documents }").optional(),
  /** The key with which containers read that bucket if they have no role for it. */
  documentsKey: z
    .string()
    .regex(/^[^\s:]+:\S+$/, "expected <access key id>:<secret access key>")
    .optional(),
  /** A bucket for what runs spend, in addition to each machine's .masumi/ledger.jsonl. */
  ledger: structured(bucketSettings, "{ bucket: example-ledger }").optional(),
  /** The database with the table of agents, where each is recorded. */
  records: databaseUrl.optional(),
  /** The certificates that its certificate is checked against, as PEM text. Default: the public authorities'. */
  recordsCa: certificates.optional(),
  /** Where agents may be paid by x402 as well: EVM chains, whom payments go to there, and in which tokens. */
  x402: structured(
    x402Settings,
    "{ base: { network: 'eip155:8453', payTo: '0x…', tokens: { USDC: { address: '0x…', decimals: 6 } } } }",
  ).optional(),
  /** Other catalogues in which the stack's agents are listed; docs/operations.md, Other catalogues. */
  catalogues: structured(cataloguesSettings, "{ backstage: { owner: team-agents } }").optional(),
  assets: structured(z.record(z.string(), asset), "{ USDM: { unit: c48c…, decimals: 6 } }").optional(),
  /**
   * Whether agents may be registered with a URL that only this machine or its network can reach. Only for simulated
   * networks: on a real one, ADA would be spent on an agent that nobody can call.
   */
  allowPrivateUrls: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
  /** Whether up refuses crews that did not pass their evaluations as they are declared. */
  requireEvals: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
  /** What else may be on the selling wallets: owners of other stacks, ids of registrations, or identifiers of tokens. */
  otherRegistrations: structured(z.array(z.string().min(1)), "[another-owner]").optional(),
  v1Replacement: z.enum(["create-first", "delete-first"]).default("create-first"),
  /** What a run may take from the wallets, in ADA: fees, and what new tokens lock. Demanded on Mainnet. */
  maxAda: z.string().regex(millionths, "expected an amount of ADA, for example 12.5").optional(),
  allowDeregister: structured(z.array(z.string()), "[market-researcher]").optional(),
  confirmMainnet: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
});

export type Settings = z.output<typeof schema>;

export type StackConfig = Omit<Settings, keyof HostingsConfig | "documents"> &
  HostingsConfig &
  DocumentPlaces &
  // Read-only commands see only that there is a secret, not its value.
  StackKeys & {
    /** Its name. */
    readonly stack: string;
  };
export type Wallet = StackConfig["wallets"][number];
