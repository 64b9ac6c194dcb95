import { posix } from "node:path";
import { SHARED_SERVICE } from "../hosting/shared/names.ts";
import type { Price } from "./schema/assets.ts";
import { type HostingKind, type SharedPlace, placeOf, placeTraits } from "../hosting/traits.ts";
import type { Capability } from "./schema/container.ts";
import type { DeclaredDocument } from "./documents.ts";
import type { ListingType } from "./schema/listing.ts";
import type { DeclaredCrew } from "./schema/crew.ts";
import type { DeclaredEval } from "./schema/evals.ts";
import { SECRET_NAMES, type SecretName } from "./secret-names.ts";

export type WalletType = "V1" | "V2";

/** The type of the component that Pulumi knows an agent by; its name is the agent's id. */
export const AGENT_TYPE = "masumi:index:Agent";

export type Pricing =
  | { readonly type: "fixed"; readonly prices: readonly Price[] }
  | { readonly type: "free" }
  | { readonly type: "dynamic" };

/** Price of a job with dynamic pricing: `prices`, multiplied by what a customer enters in the number field `times`. */
export interface PriceRule {
  readonly prices: readonly Price[];
  readonly times?: string;
}

/** A field of the form that a customer fills in, as defined by MIP-003's input_schema. */
export interface InputField {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly validations?: readonly { readonly validation: string; readonly value: string }[];
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** A CrewAI crew as data, with CrewAI's key names. */
export type CrewDefinition = DeepReadonly<DeclaredCrew>;

/** A job that an agent is evaluated by, and what must hold of it. */
export type Evaluation = DeepReadonly<DeclaredEval>;

/** What the crew runtime imports of an author's folder, and what it looks for there. */
export interface EntryPoint {
  /** `crew`: the one class under @CrewBase, or the function `crew`. `flow`: the one subclass of Flow. */
  readonly kind: "crew" | "flow";
  /** Its full name. @example "latest_ai.crew" */
  readonly module: string;
  /** Where it is imported from, relative to the folder. */
  readonly paths: readonly ["." | "src"];
}

/** The runtime's module that makes a crew of crew.jsonc (crew/src/crew_runtime/crewai/json_crew.py). */
export const JSON_CREW = "crew_runtime.crewai.json_crew";

/** Returns the file that an entry point is loaded from, relative to the folder. */
export const fileOf = ({ module, paths: [base] }: EntryPoint): string =>
  module === JSON_CREW ? "crew.jsonc" : posix.join(base, `${module.replaceAll(".", "/")}.py`);

/**
 * What an agent runs. `code` is a folder of Python code for the crew runtime, `build` one with a Dockerfile, both relative to the
 * project's root; `url` is an agent that runs elsewhere.
 */
export type AgentSource =
  | { readonly kind: "inline"; readonly crew: CrewDefinition }
  | { readonly kind: "code"; readonly folder: string; readonly entry: EntryPoint }
  | { readonly kind: "build"; readonly folder: string }
  | { readonly kind: "image"; readonly image: string }
  | { readonly kind: "url"; readonly url: string };

/** What a run would run of an agent, as a plan shows it and its checksum binds it. */
export interface WhatRuns {
  readonly hosting: HostingKind | "elsewhere";
  readonly kind: AgentSource["kind"];
  /** The image, the folder or the URL; absent for a crew that is declared inline. */
  readonly source: string | undefined;
  /** The model's name; absent for what does not run in the crew runtime. */
  readonly model?: string;
  /** Absent where the hosting has no containers. */
  readonly size?: Resources;
  readonly documents: readonly { readonly name: string; readonly sha256: string }[];
  /** The packages that its code needs beside those of the runtime, as they are locked. */
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  /** Why these are not what will be installed, and what to do; absent if they are. */
  readonly unlocked?: string;
  /** Images that its Dockerfile names without a digest, so that what is built may change while these files do not. */
  readonly movable: readonly string[];
  /** The user, other than root, that its Dockerfile runs as without giving it /data, where the hosting leaves that to the image. */
  readonly userWithoutData?: string;
  /** SHA-256 of what its crew is and does, and of how that is evaluated; absent without evaluations. */
  readonly evalDigest?: string;
  /** SHA-256 of all that, of the files' contents, the crew runtime, and what else the declaration says about running. */
  readonly digest: string;
}

/** The size and number of an agent's containers. */
export interface Resources {
  /** CPU units: 1024 are one core. */
  readonly cpu: number;
  /** MiB */
  readonly memory: number;
  readonly instances: number;
  /** Scales between `instances` and `max`, so each instance uses about this share of its CPU. */
  readonly autoscaling?: { readonly max: number; readonly cpuPercent: number };
}

/** What a container may do; whatever is not here, it may not. */
export interface Confinement {
  /** `user` or `user:group`; absent: the image's own. */
  readonly user?: string;
  /** Whether it may write to its volume and to /tmp alone. */
  readonly readOnly: boolean;
  readonly capabilities: readonly Capability[];
  /** How many processes and threads it may have. */
  readonly pids: number;
}

/** How the registry lists an agent that is not listed as a standard one. */
export interface AgentListing {
  readonly type: Exclude<ListingType, "standard">;
  /** Only for an agent that runs elsewhere. Default: its usual place below the agent's URL. */
  readonly document?: string;
  /** For a2a alone. Default: 1.0. */
  readonly protocolVersions?: readonly string[];
}

/** A way to pay an agent on an EVM chain by x402: what its file says, with what the stack says of it. */
export interface AgentPaymentSource {
  /** Its name in masumi:x402. */
  readonly x402: string;
  /** The chain, as CAIP-2 names it. */
  readonly network: string;
  readonly payTo: string;
  readonly extra?: Readonly<Record<string, string>>;
  readonly pricing:
    | {
        readonly type: "fixed";
        /** Address of the token's contract. */
        readonly asset: string;
        /** Base units as digits. */
        readonly amount: string;
        readonly decimals: number;
        /** For people: "1 USDC". */
        readonly human: string;
      }
    | { readonly type: "free" }
    | { readonly type: "dynamic" };
}

/** An agent of one stack: checked, overrides merged, prices in base units. */
export interface Agent {
  readonly id: string;
  /** The declaration, relative to the project's root. */
  readonly file: string;
  readonly name: string;
  readonly description: string;
  /** What customers are told of dealing with an AI; STANDARD_DISCLOSURE if absent. Only for an agent in the crew runtime. */
  readonly disclosure?: string;
  readonly capability: { readonly name: string; readonly version: string };
  /** Without the tag that marks the registration as ours. */
  readonly tags: readonly string[];
  readonly author: {
    readonly name: string;
    readonly contactEmail?: string;
    readonly contactOther?: string;
    readonly organization?: string;
  };
  readonly legal: { readonly privacyPolicy?: string; readonly terms?: string; readonly other?: string };
  readonly pricing: Pricing;
  /** Only for dynamic pricing; not part of the registration. */
  readonly priceRule?: PriceRule;
  readonly exampleOutputs: readonly {
    readonly name: string;
    readonly url: string;
    readonly mimeType: string;
  }[];
  /** Absent: as a standard agent. */
  readonly listing?: AgentListing;
  /** Ways to pay it beside `pricing`; absent if there are none. */
  readonly sources?: readonly AgentPaymentSource[];
  readonly input: readonly InputField[];
  readonly source: AgentSource;
  readonly model: {
    readonly name?: string;
    readonly temperature?: number;
    readonly maxTokens?: number;
    readonly embeddings?: string;
  };
  /** Paths relative to the project's root, https links that end in the digest of the file, or files that are stored. */
  readonly documents: readonly DeclaredDocument[];
  /** The jobs that it is evaluated by, if there are any. Only for an agent in the crew runtime. */
  readonly evals?: readonly Evaluation[];
  /** Where its crew runs: `hosting` in its YAML, otherwise the stack's. Meaningless for an agent that runs elsewhere. */
  readonly hosting: HostingKind;
  /** For hosting shared alone: where the shared crew service runs. */
  readonly shared?: SharedPlace["shared"];
  readonly resources: Resources;
  /** The keys that an author's own image asks for; a crew in the crew runtime gets what it needs without. */
  readonly secrets?: readonly SecretName[];
  /** What its author asks for, for an image of their own. */
  readonly container?: Confinement;
  /** Type of the wallet that registers it. Default: V2 if the stack has one, otherwise V1. */
  readonly paymentType?: WalletType;
  /** Verification key of the one wallet that may register it. */
  readonly wallet?: string;
  /** Id of an existing registration to take over. */
  readonly adopt?: string;
  /** Who it belongs to; on no chain and in no crew. */
  readonly user?: string;
}

/** Returns the agents that a hosting runs, so none that only have a URL. */
export const hostedBy = (kind: HostingKind, agents: readonly Agent[]): Agent[] =>
  agents.filter(({ hosting, source }) => hosting === kind && source.kind !== "url");

/** Returns the names of the processes of this machine that agents run in: an agent's id, or that of the shared crew service. */
export const processesOf = (agents: readonly Agent[]): string[] => [
  ...hostedBy("process", agents).map(({ id }) => id),
  ...(hostedBy("shared", agents).some((agent) => placeOf(agent.hosting, agent) === "process")
    ? [SHARED_SERVICE]
    : []),
];

/**
 * The crew runtime starts as root, of whose rights it keeps those to become another user: the one that holds the keys, and
 * one for each job. As each job has its own, it also needs no limit of its own for the number of its processes.
 */
export const RUNTIME_CONFINEMENT: Confinement = {
  readOnly: true,
  capabilities: ["SETGID", "SETUID"],
  pids: 4096,
};

/** What an image of an author's own may do unless its file asks for more. */
const OWN_IMAGE: Confinement = { readOnly: true, capabilities: [], pids: 1024 };

/** Returns what an agent's container may do. */
export const confinementOf = (agent: Pick<Agent, "source" | "container">): Confinement =>
  runsInRuntime(agent) ? RUNTIME_CONFINEMENT : (agent.container ?? OWN_IMAGE);

/** Returns what an agent's container may do beyond what every author's own image may, in words; empty if nothing. */
export function extraRights(agent: Pick<Agent, "source" | "container">): string[] {
  if (runsInRuntime(agent) || agent.source.kind === "url") return [];
  const { user, readOnly, capabilities, pids } = confinementOf(agent);
  return [
    ...(user === undefined ? [] : [`runs as user ${user}`]),
    ...(readOnly ? [] : ["writes to its whole file system"]),
    ...(capabilities.length === 0 ? [] : [`keeps the capabilities ${capabilities.join(", ")}`]),
    ...(pids <= OWN_IMAGE.pids ? [] : [`has up to ${pids} processes`]),
  ];
}

/** Returns the folders whose code runs in the crew runtime, each once. */
export const codeFolders = (agents: readonly Pick<Agent, "source">[]): string[] => [
  ...new Set(agents.flatMap(({ source }) => (source.kind === "code" ? [source.folder] : []))),
];

/** Returns whether an agent's crew runs in the crew runtime; an author's own image does not. */
export const runsInRuntime = ({ source }: Pick<Agent, "source">): boolean =>
  source.kind === "inline" || source.kind === "code";

/**
 * Returns the keys that an agent needs, as far as the stack has them: the crew runtime what its job takes, an author's own image
 * what its file names. Only an agent with a price takes payments.
 */
export function neededSecrets(
  agent: Pick<Agent, "source" | "pricing" | "secrets" | "hosting" | "shared">,
): readonly SecretName[] {
  const { source, pricing, hosting, secrets = [] } = agent;
  if (source.kind === "url") return [];
  const taken = SECRET_NAMES.filter((name) => name !== "PAYMENT_KEY" || pricing.type !== "free");
  if (!runsInRuntime(agent)) return taken.filter((name) => secrets.includes(name));
  // A local process keeps its jobs in a file.
  return taken.filter((name) => name !== "DATABASE_URL" || placeTraits(hosting, agent).runsImages);
}
