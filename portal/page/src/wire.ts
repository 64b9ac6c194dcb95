/*
 * What the portal's API answers, as types alone: nothing of the server, and no validation library, gets into the bundle. A type
 * test holds them against the schemas that the API is served from.
 */

export type AgentState =
  | "accepted"
  | "declared"
  | "starting"
  | "running"
  | "requested"
  | "registered"
  | "updating"
  | "failed"
  | "leaving"
  | "deregistered";

/** Something that happened to an agent; `step` is one of the time line's names, of which a newer portal may have more. */
export interface TimelineEntry {
  readonly step: string;
  readonly at: string;
  readonly detail?: string | undefined;
}

export interface StoredDocument {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
}

export interface Validation {
  readonly validation: string;
  readonly value: string | number | boolean;
}

/** A field of an agent's input schema, as defined by MIP-003. */
export interface InputField {
  readonly id: string;
  readonly type: string;
  readonly name?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly validations?: readonly Validation[] | undefined;
}

export interface AgentProblem {
  readonly error: string;
  readonly detail: string;
  readonly remedy?: string | undefined;
}

export type ListingType = "openapi" | "a2a" | "x402";

export type RunState = "queued" | "running" | "succeeded" | "failed";

/** How an agent was last evaluated. */
export interface Evaluations {
  readonly evaluatedAt: string;
  /** Digest of what was evaluated. */
  readonly declaration: string;
  /** Whether the agent still is that. */
  readonly isCurrent: boolean;
  readonly passed: boolean;
  /** Whether no language model was asked, but the stub. */
  readonly isStub: boolean;
  readonly evals: readonly { readonly name: string; readonly passed: boolean }[];
}

/** One run that deployed an agent's fleet. */
export interface Deployment {
  readonly id: string;
  readonly state: RunState;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Agent {
  readonly agentId: string;
  readonly masumiId: string | null;
  readonly name: string;
  readonly bio: string;
  readonly description: string;
  readonly template: string;
  readonly choices: Chosen;
  readonly state: AgentState;
  readonly problem: AgentProblem | null;
  readonly price: string;
  readonly network: string;
  readonly url: string | null;
  readonly input: readonly InputField[];
  /** What buyers are told of dealing with an AI. */
  readonly disclosure?: string | undefined;
  /** What the network lists it as; absent of a standard one. */
  readonly listing?: ListingType | undefined;
  readonly documents: readonly StoredDocument[];
  readonly expectedAt: string | null;
  /** Grows with every change, over all agents. */
  readonly version: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly timeline: readonly TimelineEntry[];
  readonly deployments?: readonly Deployment[] | undefined;
  readonly evaluations?: Evaluations | undefined;
  /** Only an operator is told. */
  readonly user?: string | undefined;
  /** The user's e-mail address where it is known. */
  readonly userName?: string | undefined;
}

/** What the network's registry says of an agent; null is not known. */
export interface RegistryHealth {
  /** `Online`, `Offline`, `Invalid`, `Deregistered`, or what a newer registry says; null: not listed, or not yet. */
  readonly status: string | null;
  readonly reason: string | null;
  readonly uptimePercent: number | null;
  readonly checks: number | null;
  readonly checkedAt: string | null;
  readonly firstSeenAt: string | null;
  /** Whether it replaced another identifier, whose age counts too. */
  readonly supersedes: boolean | null;
  readonly rank: {
    readonly place: number;
    /** 0 to 1, as are its parts. */
    readonly score: number;
    readonly purchases: number | null;
    readonly uptime: number | null;
    readonly age: number | null;
  } | null;
}

export interface Registry {
  /** Null as long as the agent is not registered. */
  readonly askedAt: string | null;
  /** Why nothing is known, or not all. */
  readonly problem: string | null;
  readonly health: RegistryHealth | null;
}

export type TryState = "running" | "succeeded" | "failed" | "refused";

/** One job that somebody tried; what was asked and what came of it is told to who asked alone. */
export interface Try {
  readonly id: string;
  readonly state: TryState;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly input?: string | undefined;
  readonly answer?: string | undefined;
  readonly problem?: string | undefined;
}

/** What a run says while it works on an agent. */
export interface Step {
  readonly step: string;
  readonly at: string;
  readonly detail: string | null;
}

export interface TemplateDocuments {
  /** So many are needed. */
  readonly least: number;
  readonly most: number;
  readonly mostBytes: number;
  /** As HTML's accept has them: `.pdf`, `application/pdf`, `text/*`. */
  readonly types: readonly string[];
}

/** What a template leaves to be chosen. */
export interface Choice {
  readonly id: string;
  readonly name: string;
  readonly hint?: string | undefined;
  /** With what a job costs then, if it depends on this choice. */
  readonly options: readonly { readonly name: string; readonly price?: string | undefined }[];
  /** What counts unless another option is sent. */
  readonly default?: string | undefined;
}

/** The names of the options that were chosen, by the choices' ids. */
export type Chosen = Readonly<Record<string, string>>;

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly price: string;
  readonly documents: TemplateDocuments | null;
  /** The texts that it takes: `name`, `bio`, `description`. */
  readonly takes: readonly string[];
  readonly choices: readonly Choice[];
  /** Most characters of each. */
  readonly lengths: Readonly<Record<string, number>>;
}

export type SignIn =
  | { readonly kind: "local" }
  | {
      readonly kind: "oidc";
      readonly issuer: string;
      readonly clientId: string;
      readonly scope: string;
      readonly audience: string;
    };

export interface Configuration {
  readonly network: string;
  readonly signIn: SignIn;
  readonly billing: "none" | "stripe";
  /** Whether the portal asks the network's registry about agents. */
  readonly registry: boolean;
  readonly templates: readonly Template[];
}

export interface User {
  readonly id: string;
  readonly email: string | null;
  readonly isOperator: boolean;
}

export interface BillingStatus {
  readonly state: "none" | "active" | "trialing" | "past_due" | "lapsed";
  readonly plan: string | null;
  /** Agents that the plan allows; null: as many as wanted. */
  readonly allowed: number | null;
  /** When a lapsed subscription's agents are shut down. */
  readonly drainsAt: string | null;
}

export interface Me {
  readonly user: User;
  readonly billing: BillingStatus;
  readonly agents: number;
}

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** An `application/problem+json`. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly error: string;
  readonly detail: string;
  readonly problems?: readonly FieldProblem[] | undefined;
  readonly checkoutUrl?: string | undefined;
}

/* What operators see. */

export interface Fleet {
  readonly id: string;
  readonly stack: string;
  readonly agents: number;
  readonly most: number;
  readonly state: "deployed" | "behind" | "running" | "failed";
  readonly commit: string | null;
  readonly deployedCommit: string | null;
  readonly lastRunAt: string | null;
}

export interface Wallet {
  readonly vkey: string;
  readonly address: string | null;
  readonly type: string;
  readonly fleets: readonly string[];
  /** Null: unknown. */
  readonly ada: string | null;
  readonly low: boolean;
  readonly detail: string | null;
}

export interface Spent {
  readonly fees: string;
  readonly locked: string;
  /** By days or months: `2026-11-29`, `2026-11`. */
  readonly days: readonly { readonly day: string; readonly fees: string; readonly registrations: number }[];
}

/** Sums of what agents cost. Amounts in US dollars are null without a price. */
export interface CostSums {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly modelsUsd: string | null;
  readonly containerSeconds: number;
  readonly jobSeconds: number;
  readonly timeUsd: string | null;
  /** ADA */
  readonly fees: string;
}

interface AgentCosts {
  readonly months: readonly (CostSums & { readonly month: string })[];
  readonly agents: readonly (CostSums & {
    readonly month: string;
    readonly agentId: string;
    readonly name: string;
  })[];
}

/** What a customer's own agents cost. */
export interface Costs extends AgentCosts {
  readonly readAt: string | null;
  /** Ids of agents of which not all could be read. */
  readonly missing: readonly string[];
}

/** What all customers' agents cost, for operators. */
export interface AllCosts extends AgentCosts {
  readonly customers: readonly (CostSums & {
    readonly month: string;
    readonly user: string;
    readonly userName: string;
    readonly agents: number;
  })[];
  readonly missing: readonly { readonly agentId: string; readonly reason: string }[];
}

export interface Drift {
  readonly checkedAt: string | null;
  readonly drift: readonly {
    readonly fleet: string;
    readonly agentId: string | null;
    readonly kind: string;
    readonly detail: string;
  }[];
}

export interface Run extends Deployment {
  readonly summary: string;
  readonly fleet: string;
  readonly commit: string | null;
}

export interface RunWithLog extends Run {
  readonly log: string;
}
