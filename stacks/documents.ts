import type { Complaint } from "../infra/declarations/index.ts";
import type { Leftovers } from "../infra/fleet/index.ts";
import type { Row } from "../providers/masumi/service/index.ts";
import { type RegistrationDocument, documentReport, documentRow } from "./documents/parts.ts";
import { type AgentStatus, feeShares } from "./outputs.ts";
import type { RegistryReport } from "./registry/health.ts";
import type { RunResult } from "./run.ts";
import type { UnsettledRequest } from "./unsettled.ts";

export { type DriftDocument, driftDocument } from "./documents/drift.ts";
export { type ImportDocument, importDocument } from "./documents/import.ts";
export {
  type PlanDocument,
  type PlanDocumentAgent,
  type PlannedChange,
  type EvalsDocument,
  type RunsDocument,
  planDocument,
} from "./documents/plan.ts";

/*
 * What the commands print with --json, and other front ends hand on. The shapes are documented in docs/outputs.md; each
 * bears a version, which is raised when a field is removed or changes its meaning. Lovelace are digits.
 */

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
  fees = feeShares(agents),
  report?: RegistryReport,
) {
  return {
    version: 1 as const,
    agents: agents.map((agent) => ({
      ...agent,
      feeShareLovelace: fees.get(agent.id) ?? "",
      registry: report?.agents.get(agent.agentIdentifier) ?? null,
    })),
    registry: documentReport(report),
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
