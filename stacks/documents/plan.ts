import type { StackConfig } from "../../infra/config.ts";
import { type AssetTable, type WhatRuns, assetTable } from "../../infra/declarations/index.ts";
import {
  type Action,
  type EvalRecord,
  type EvalStanding,
  type EvalState,
  type Examination,
  type Orphan,
  type PlannedAgent,
  type WalletFunds,
  agentSecrets,
  dockerfileWarnings,
  unlockedWarnings,
  duplicateWarnings,
  planWarnings,
  removalsOf,
  summaryOf,
  valueText,
} from "../../infra/fleet/index.ts";
import { type OpenedStack, type Problem, problem } from "./parts.ts";

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
  /** What runs of each agent in the checkout that the plan is compared with, by id; null without one. */
  readonly runsBefore: Readonly<Record<string, RunsDocument>> | null;
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
  /** How it stands with its evaluations; null without any. */
  readonly evals: EvalsDocument | null;
}

/** How an agent stands with its evaluations as it is declared now. */
export interface EvalsDocument {
  readonly state: EvalState;
  /** What was last evaluated here, whatever has changed since; null if nothing was. */
  readonly last: Pick<EvalRecord, "time" | "model" | "evals"> | null;
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
  /** What its code needs beside the runtime's packages, as it is locked. */
  readonly packages: WhatRuns["packages"];
  /** SHA-256 of all that, of the contents of its files and of the crew runtime. */
  readonly digest: string;
}

/** What a document has beside the plan. */
export interface BesidePlan {
  /** What else is to be said, beside what the plan warns of. */
  readonly notices?: readonly string[];
  /** What runs in the checkout that the plan is compared with. */
  readonly runsBefore?: ReadonlyMap<string, WhatRuns> | undefined;
}

export function planDocument(
  { stack, config }: OpenedStack,
  examination: Examination,
  { notices = [], runsBefore }: BesidePlan = {},
): PlanDocument {
  const { plan, runs, funds, checksum, problems, evals } = examination;
  return {
    version: 1,
    stack,
    network: config.network,
    owner: config.owner,
    checksum,
    summary: summaryOf(plan),
    agents: plan.agents.map((planned) => ({
      ...documentAgent(planned, config),
      runs: orNull(runs.get(planned.agent.id)),
      evals: documentEvals(evals.get(planned.agent.id)),
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
      ...unlockedWarnings(plan, runs),
      ...notices,
    ],
    problems: problems.map(problem),
    skipped: plan.skipped,
    runsBefore: runsBefore
      ? Object.fromEntries([...runsBefore].map(([id, ran]) => [id, documentRuns(ran)]))
      : null,
  };
}

const documentAgent = (
  planned: PlannedAgent,
  config: StackConfig,
  table: AssetTable = assetTable(config.network, config.assets),
): Omit<PlanDocumentAgent, "runs" | "evals"> => ({
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

function documentEvals(standing: EvalStanding | undefined): EvalsDocument | null {
  if (!standing) return null;
  const { state, record } = standing;
  return { state, last: record ? { time: record.time, model: record.model, evals: record.evals } : null };
}

const orNull = (runs: WhatRuns | undefined): RunsDocument | null => (runs ? documentRuns(runs) : null);

const documentRuns = (runs: WhatRuns): RunsDocument => ({
  hosting: runs.hosting,
  kind: runs.kind,
  source: runs.source ?? null,
  model: runs.model ?? null,
  cpu: runs.size?.cpu ?? null,
  memory: runs.size?.memory ?? null,
  instances: runs.size?.instances ?? null,
  maxInstances: runs.size?.autoscaling?.max ?? null,
  documents: runs.documents,
  packages: runs.packages,
  digest: runs.digest,
});

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
