import type { AgentDrift, FleetDrift } from "../../infra/fleet/index.ts";
import type { RegistryHealth, RegistryReport } from "../registry/health.ts";
import {
  type OpenedStack,
  type Problem,
  type RegistrationDocument,
  documentReport,
  documentRow,
  problem,
} from "./parts.ts";

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
    /** null: not known, or there is no registration. */
    readonly registry: RegistryHealth | null;
  }[];
  /** Why the registry service did not tell, or not of all agents; null where the stack's settings name none. */
  readonly registry: { readonly problem: string | null } | null;
  readonly orphans: readonly RegistrationDocument[];
  /** On the stack's wallets, and made by somebody else. */
  readonly foreign: readonly RegistrationDocument[];
  /** Agents whose crews should run on this machine and do not. */
  readonly deadCrews: readonly string[];
  readonly problems: readonly Problem[];
  /** Number of entries in the registry that were left out. */
  readonly skipped: number;
}

const agentDriftDocument = (
  { agent, status, row, fields, duplicates, removals, isInState, isUrlCompared }: AgentDrift,
  knowsState: boolean,
  report?: RegistryReport,
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
  registry: report?.agents.get(row?.agentIdentifier ?? "") ?? null,
});

export function driftDocument(
  { stack, config }: OpenedStack,
  drift: FleetDrift,
  deadCrews: readonly { readonly agentId: string }[] = [],
  report?: RegistryReport,
): DriftDocument {
  return {
    version: 1,
    stack,
    network: config.network,
    owner: config.owner,
    drifted: drift.hasDrifted || deadCrews.length > 0,
    agents: drift.agents.map((agent) => agentDriftDocument(agent, drift.knowsState, report)),
    registry: documentReport(report),
    orphans: drift.orphans.map(documentRow),
    foreign: drift.foreign.map(documentRow),
    deadCrews: deadCrews.map(({ agentId }) => agentId),
    problems: drift.problems.map(problem),
    skipped: drift.skipped,
  };
}
