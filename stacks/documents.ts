import type { StackConfig } from "../infra/config.ts";
import { type AssetTable, type Complaint, type WhatRuns, assetTable } from "../infra/declarations/index.ts";
import {
  type Action,
  type AgentDrift,
  type Examination,
  type FleetDrift,
  type Leftovers,
  type Orphan,
  type PlannedAgent,
  type WalletFunds,
  agentSecrets,
  duplicateWarnings,
  dockerfileWarnings,
  planWarnings,
  removalsOf,
  summaryOf,
  valueText,
} from "../infra/fleet/index.ts";
import type { Row } from "../providers/masumi/service/index.ts";
import type { ImportResult } from "./import/import.ts";
import type { Reason } from "./import/transcribe.ts";
import { type AgentStatus, feeShares } from "./outputs.ts";
import type { ReadStack } from "./read-stack.ts";
import type { RunResult } from "./run.ts";
import type { UnsettledRequest } from "./unsettled.ts";

/*
 * What the commands print with --json, and other front ends hand on. The shapes are documented in docs/outputs.md; each
 * bears a version, which is raised when a field is removed or changes its meaning. Lovelace are digits.
 */

type OpenedStack = Pick<ReadStack, "stack" | "config">;

interface Problem {
  readonly code: string;
  readonly message: string;
}

const problem = ({ code, message }: Problem): Problem => ({ code, message });

/** What stands in the place of every other document while the declarations are wrong. */
export const complaintsDocument = (complaints: readonly Complaint[]) => ({ ok: false as const, complaints });

/** How a run on the embedded engine ended; `leftovers` is what a destroy found still registered. */
export const runDocument = (
  { ok, changes, outputs, steps, diagnostics }: RunResult,
  leftovers?: LeftoversDocument,
) => ({
  ok,
  changes,
  outputs,
  steps,
  diagnostics,
  ...(leftovers ? { leftovers } : {}),
});

/** The agents of a stack, what each answers, and the requests whose outcome no run has learned. */
export function statusDocument(
  agents: readonly AgentStatus[],
  unsettledRequests: readonly UnsettledRequest[] = [],
  foreign: readonly Row[] | undefined = [],
) {
  const fees = feeShares(agents);
  return {
    version: 1 as const,
    agents: agents.map((agent) => ({ ...agent, feeShareLovelace: fees.get(agent.id) ?? "" })),
    unsettledRequests,
    foreignRegistrations: foreign ? foreign.map(documentRow) : null,
  };
}

/** What a destroy leaves behind, since the stack did not manage it. */
export interface LeftoversDocument {
  readonly registrations: readonly (RegistrationDocument & {
    /** null: no file declares it. */
    readonly agent: string | null;
  })[];
  /** Agents' tokens in the stack's wallets that the payment service lists no registration of. */
  readonly unlistedTokens: readonly string[];
}

export const leftoversDocument = ({ rows, tokens }: Leftovers): LeftoversDocument => ({
  registrations: rows.map((row) => ({ ...documentRow(row), agent: row.agent?.id ?? null })),
  unlistedTokens: tokens,
});

/** What an up would do on the chain, and what it costs. */
export interface PlanDocument {
  readonly version: 1;
  readonly stack: string;
  readonly network: string;
  readonly owner: string;
  readonly checksum: string;
  readonly summary: string;
  readonly agents: readonly PlanDocumentAgent[];
  readonly orphans: readonly {
    readonly registrationId: string;
    readonly name: string;
    readonly state: string;
    readonly action: Action;
    readonly walletVkey: string;
  }[];
  /** Old registrations of declared agents that the stack's state gives up. */
  readonly removals: readonly {
    readonly agent: string;
    readonly registrationId: string;
    readonly state: string;
    readonly walletVkey: string;
    readonly feeLovelace: string;
    readonly lockedLovelace: string;
  }[];
  readonly wallets: readonly {
    readonly vkey: string;
    readonly type: string;
    readonly address: string | null;
    readonly neededLovelace: string;
    /** null: not known. */
    readonly freeLovelace: string | null;
    readonly missingLovelace: string;
  }[];
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
  /** Number of entries in the registry that were left out. */
  readonly skipped: number;
}

/** An on-chain value that a run changes; an absent value is null. */
export interface PlannedChange {
  readonly field: string;
  readonly live: unknown;
  readonly declared: unknown;
  /** The same two for people: prices in everyday units. */
  readonly from: string;
  readonly to: string;
}

export interface PlanDocumentAgent {
  readonly id: string;
  readonly file: string;
  readonly action: Action;
  readonly fields: readonly string[];
  readonly changes: readonly PlannedChange[];
  readonly pricing: PlannedAgent["agent"]["pricing"];
  readonly walletVkey: string;
  readonly walletType: string;
  /** The stack's keys that its crew gets, by environment variable. */
  readonly secrets: readonly string[];
  /** null: known once the agent is hosted. */
  readonly url: string | null;
  /** Of the live registration, or of the one that is taken over. */
  readonly registrationId: string | null;
  readonly state: string | null;
  readonly spareRegistrationIds: readonly string[];
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
  readonly runs: RunsDocument | null;
}

/** What a run would run of an agent; what does not apply is null. */
export interface RunsDocument {
  readonly hosting: WhatRuns["hosting"];
  readonly kind: WhatRuns["kind"];
  /** The image by digest, the folder, or the URL. */
  readonly source: string | null;
  readonly model: string | null;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly instances: number | null;
  readonly maxInstances: number | null;
  readonly documents: WhatRuns["documents"];
  /** SHA-256 of all that, of the contents of its files and of the crew runtime. */
  readonly digest: string;
}

/** `notices`: what else is to be said, beside what the plan warns of. */
export function planDocument(
  { stack, config }: OpenedStack,
  examination: Examination,
  notices: readonly string[] = [],
): PlanDocument {
  const { plan, runs, funds, checksum, problems } = examination;
  return {
    version: 1,
    stack,
    network: config.network,
    owner: config.owner,
    checksum,
    summary: summaryOf(plan),
    agents: plan.agents.map((planned) => ({
      ...documentAgent(planned, config),
      runs: documentRuns(runs.get(planned.agent.id)),
    })),
    orphans: plan.orphans.map(documentOrphan),
    removals: removalsOf(plan.agents).map(({ agentId, row, cost }) => ({
      agent: agentId,
      registrationId: row.id,
      state: row.state,
      walletVkey: row.walletVkey,
      feeLovelace: String(cost.fee),
      lockedLovelace: String(cost.locked),
    })),
    wallets: funds.map(documentWallet),
    feeLovelace: String(plan.cost.fee),
    lockedLovelace: String(plan.cost.locked),
    warnings: [
      ...planWarnings(plan, config),
      ...duplicateWarnings(plan),
      ...dockerfileWarnings(plan, runs),
      ...notices,
    ],
    problems: problems.map(problem),
    skipped: plan.skipped,
  };
}

const documentAgent = (
  planned: PlannedAgent,
  config: StackConfig,
  table: AssetTable = assetTable(config.network, config.assets),
): Omit<PlanDocumentAgent, "runs"> => ({
  id: planned.agent.id,
  file: planned.agent.file,
  action: planned.action,
  fields: planned.fields,
  changes: planned.changes.map(({ field, live = null, declared = null }) => ({
    field,
    live,
    declared,
    from: valueText(field, live ?? undefined, table),
    to: valueText(field, declared ?? undefined, table),
  })),
  pricing: planned.agent.pricing,
  walletVkey: planned.wallet.vkey,
  walletType: planned.wallet.type,
  secrets: agentSecrets(planned.agent, config),
  url: planned.url || null,
  registrationId: planned.row?.id ?? null,
  state: planned.row?.state ?? null,
  spareRegistrationIds: [...planned.removals.map(({ row }) => row), ...planned.spare].map(({ id }) => id),
  feeLovelace: String(planned.cost.fee),
  lockedLovelace: String(planned.cost.locked),
});

const documentRuns = (runs: WhatRuns | undefined): RunsDocument | null =>
  runs
    ? {
        hosting: runs.hosting,
        kind: runs.kind,
        source: runs.source ?? null,
        model: runs.model ?? null,
        cpu: runs.size?.cpu ?? null,
        memory: runs.size?.memory ?? null,
        instances: runs.size?.instances ?? null,
        maxInstances: runs.size?.autoscaling?.max ?? null,
        documents: runs.documents,
        digest: runs.digest,
      }
    : null;

const documentOrphan = ({ row, action }: Orphan) => ({
  registrationId: row.id,
  name: row.listing.name,
  state: row.state,
  action,
  walletVkey: row.walletVkey,
});

const documentWallet = ({ wallet, address, needed, free, missing }: WalletFunds) => ({
  vkey: wallet.vkey,
  type: wallet.type,
  address: address || null,
  neededLovelace: String(needed),
  freeLovelace: free === undefined ? null : String(free),
  missingLovelace: String(missing),
});

/** What is registered compared with what is declared. */
export interface DriftDocument {
  readonly version: 1;
  readonly stack: string;
  readonly network: string;
  readonly owner: string;
  readonly drifted: boolean;
  readonly agents: readonly {
    readonly id: string;
    readonly file: string;
    readonly status: AgentDrift["status"];
    readonly registration: RegistrationDocument | null;
    /** An absent value is null. */
    readonly fields: readonly {
      readonly field: string;
      readonly declared: unknown;
      readonly live: unknown;
    }[];
    readonly duplicates: readonly (RegistrationDocument & {
      /** null: not known, since the stack's state is not. */
      readonly removedByUp: boolean | null;
    })[];
    /** Whether the stack's state has a valid registration of the agent; null: not known, or there is none. */
    readonly inState: boolean | null;
    readonly urlCompared: boolean;
  }[];
  readonly orphans: readonly RegistrationDocument[];
  /** On the stack's wallets, and made by somebody else. */
  readonly foreign: readonly RegistrationDocument[];
  /** Agents whose crews should run on this machine and do not. */
  readonly deadCrews: readonly string[];
  readonly problems: readonly Problem[];
  /** Number of entries in the registry that were left out. */
  readonly skipped: number;
}

interface RegistrationDocument {
  readonly registrationId: string;
  readonly name: string;
  readonly state: string;
  /** What the service says of a failed state; else null. */
  readonly error: string | null;
  readonly agentIdentifier: string | null;
  readonly walletVkey: string;
}

const agentDriftDocument = (
  { agent, status, row, fields, duplicates, removals, isInState, isUrlCompared }: AgentDrift,
  knowsState: boolean,
): DriftDocument["agents"][number] => ({
  id: agent.id,
  file: agent.file,
  status,
  registration: row ? documentRow(row) : null,
  fields: fields.map(({ field, declared = null, live = null }) => ({ field, declared, live })),
  duplicates: [
    ...removals.map((old) => ({ ...documentRow(old), removedByUp: true })),
    ...duplicates.map((other) => ({ ...documentRow(other), removedByUp: knowsState ? false : null })),
  ],
  inState: isInState ?? null,
  urlCompared: isUrlCompared,
});

export function driftDocument(
  { stack, config }: OpenedStack,
  drift: FleetDrift,
  deadCrews: readonly { readonly agentId: string }[] = [],
): DriftDocument {
  return {
    version: 1,
    stack,
    network: config.network,
    owner: config.owner,
    drifted: drift.hasDrifted || deadCrews.length > 0,
    agents: drift.agents.map((agent) => agentDriftDocument(agent, drift.knowsState)),
    orphans: drift.orphans.map(documentRow),
    foreign: drift.foreign.map(documentRow),
    deadCrews: deadCrews.map(({ agentId }) => agentId),
    problems: drift.problems.map(problem),
    skipped: drift.skipped,
  };
}

const documentRow = (row: Row): RegistrationDocument => ({
  registrationId: row.id,
  name: row.listing.name,
  state: row.state,
  error: row.error || null,
  agentIdentifier: row.agentIdentifier || null,
  walletVkey: row.walletVkey,
});

/** Which registrations became files, and which did not and why. */
export interface ImportDocument {
  readonly version: 1;
  readonly stack: string;
  readonly written: boolean;
  readonly imported: readonly {
    readonly id: string;
    readonly file: string;
    readonly registrationId: string;
    readonly name: string;
    readonly state: string;
    readonly action: Action;
    readonly text: string;
  }[];
  readonly refused: readonly {
    readonly asked: string;
    readonly registrationId: string | null;
    readonly name: string | null;
    readonly reasons: readonly Reason[];
  }[];
}

export const importDocument = (
  stack: string,
  { drafts, refusals }: ImportResult,
  written: boolean,
): ImportDocument => ({
  version: 1,
  stack,
  written,
  imported: drafts.map(({ row, agent, text, action }) => ({
    id: agent.id,
    file: agent.file,
    registrationId: row.id,
    name: row.listing.name,
    state: row.state,
    action,
    text,
  })),
  refused: refusals.map(({ asked, row, reasons }) => ({
    asked,
    registrationId: row?.id ?? null,
    name: row?.listing.name ?? null,
    reasons,
  })),
});
