import type { Row } from "../../providers/masumi/service/index.ts";
import type { ReadStack } from "../read-stack.ts";
import type { RegistryReport } from "../registry/health.ts";

export type OpenedStack = Pick<ReadStack, "stack" | "config">;

export interface Problem {
  readonly code: string;
  readonly message: string;
}

export const problem = ({ code, message }: Problem): Problem => ({ code, message });

/** A registration, as every document shows it. */
export interface RegistrationDocument {
  readonly registrationId: string;
  readonly name: string;
  readonly state: string;
  /** What the service says of a failed state; else null. */
  readonly error: string | null;
  readonly agentIdentifier: string | null;
  readonly walletVkey: string;
}

export const documentRow = (row: Row): RegistrationDocument => ({
  registrationId: row.id,
  name: row.listing.name,
  state: row.state,
  error: row.error || null,
  agentIdentifier: row.agentIdentifier || null,
  walletVkey: row.walletVkey,
});

/** What a registry service told as a whole; null where none was asked. */
export const documentReport = (report: RegistryReport | undefined): { problem: string | null } | null =>
  report ? { problem: report.problem } : null;
