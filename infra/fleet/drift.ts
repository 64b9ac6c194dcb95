import {
  type MasumiClient,
  type MasumiError,
  type OwnRow,
  type Row,
  blameFor,
  describeBlame,
  isLeaving,
  isOver,
  isPending,
  marker,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { type FieldDrift, compareContent } from "./changes/compare.ts";
import { foreignRows } from "./foreign.ts";
import { type LiveFleet, eachAgent } from "./plan/each-agent.ts";
import { findOrphans } from "./plan/orphans.ts";
import {
  type FleetInput,
  assertUnregistered,
  isOutsideState,
  keptBy,
  listingOf,
  registrationsOf,
} from "./registrations.ts";
import { rightsProblem } from "./refusals.ts";
import type { SeenInState } from "./state-file.ts";
import { survey } from "./survey.ts";
import { paymentSourceOf } from "./wallets.ts";

/**
 * An agent's status on the network. `same`: as declared and confirmed; `pending`: as declared, waiting for a confirmation.
 * The others are drift. `failed`: the last attempt failed; `leaving`: its token is being burned; `missing`: it is not
 * registered.
 */
export type DriftStatus = "same" | "pending" | "changed" | "failed" | "leaving" | "missing";

export interface AgentDrift {
  readonly agent: Agent;
  readonly status: DriftStatus;
  /** The registration that the status is about; absent if there never was one. */
  readonly row?: Row;
  readonly fields: readonly FieldDrift[];
  /** Whose text it was, if the chain refused the last attempt because of one that is too long. */
  readonly blame?: string;
  /** Other live registrations of the same agent. */
  readonly duplicates: readonly Row[];
  /** Old ones that the stack's state still has: up deregisters them. */
  readonly removals: readonly Row[];
  /** Whether the stack's state has a valid registration of the agent; absent if the state was not seen. See isOutsideState. */
  readonly isInState?: boolean;
  /** False if the agent's URL is not known here and was therefore not compared. */
  readonly isUrlCompared: boolean;
}

export interface FleetDrift {
  readonly agents: readonly AgentDrift[];
  /** Registrations of this owner that are, or will be, on the chain and that no file declares. */
  readonly orphans: readonly OwnRow[];
  /** Registrations on the stack's wallets that this owner did not make; see foreignRows. */
  readonly foreign: readonly Row[];
  /** Why agents could not be compared, one entry per agent. */
  readonly problems: readonly MasumiError[];
  /** Number of entries in the registry that were left out. */
  readonly skipped: number;
  readonly hasDrifted: boolean;
  /** Whether the stack's state was seen. If not, up may deregister any of the duplicates. */
  readonly knowsState: boolean;
}

export interface DriftOptions extends SeenInState {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly urlOf: FleetInput["urlOf"];
  readonly forget?: FleetInput["forget"];
  readonly signal?: AbortSignal;
}

/**
 * Reads the registrations of a stack and compares them with what is declared. Read-only; any permission of the API key is
 * enough.
 *
 * @throws MasumiError if the key is for another network; ServiceError, RefusedError
 */
export async function examineDrift(client: MasumiClient, options: DriftOptions): Promise<FleetDrift> {
  const { config, agents, signal } = options;
  const refused = rightsProblem(await client.apiKeyStatus({ signal }), config, { spends: false });
  if (refused) throw refused;
  return findDrift({ ...options, survey: await survey(client, config, agents, options) });
}

/** Returns what differs from the declarations, by agent and field. Pure. */
export function findDrift(input: FleetInput): FleetDrift {
  const { config, agents } = input;
  const {
    results: compared,
    problems,
    own,
  } = eachAgent(input, (agent, fleet) => compareAgent(input, agent, fleet));
  const orphans = findOrphans(config, agents, own)
    .map(({ row }) => row)
    .filter(({ state }) => !isLeaving(state));
  const foreign = foreignRows(input);
  const hasDrifted = orphans.length > 0 || foreign.length > 0 || compared.some(isDrift);
  const skipped = input.survey.skipped?.length ?? 0;
  const knowsState = input.inState !== undefined;
  return { agents: compared, orphans, foreign, problems, skipped, hasDrifted, knowsState };
}

export const isDrift = ({ status, duplicates, removals }: AgentDrift): boolean =>
  (status !== "same" && status !== "pending") || duplicates.length + removals.length > 0;

function compareAgent(input: FleetInput, agent: Agent, { own, pool, registered }: LiveFleet): AgentDrift {
  const { config, survey, urlOf } = input;
  const mark = marker(config.owner, agent.id);
  const by = keptBy(input, agent, registered);
  const { rows, row: marked, spare, removed } = registrationsOf(input, mark, own, by);
  const row = marked ?? survey.rows.find(({ id }) => id === agent.adopt) ?? rows[0];
  const url = urlOf(agent, registered);
  const wallet = pool.choose(agent, row);
  const blame = row ? describeBlame(blameFor(row, survey.rows)) : "";
  const compared = {
    agent,
    ...(blame ? { blame } : {}),
    duplicates: spare,
    removals: removed,
    ...(row && input.inState ? { isInState: !isOutsideState(input, [row, ...rows]) } : {}),
    isUrlCompared: url !== undefined,
  };
  if (!row || isOver(row.state)) assertUnregistered(input, agent, wallet);
  if (!row || row.state === "DeregistrationConfirmed") {
    return { ...compared, ...(row ? { row } : {}), status: "missing", fields: [] };
  }
  if (isLeaving(row.state)) return { ...compared, row, status: "leaving", fields: [] };
  if (row.state === "RegistrationFailed") return { ...compared, row, status: "failed", fields: [] };

  const hasMoved = wallet.vkey !== row.walletVkey;
  // On another wallet, the payment source differs as well; reporting it would add nothing.
  const source = hasMoved ? row : paymentSourceOf(config, wallet, survey.sources);
  const declared = { ...listingOf(agent), apiBaseUrl: url ?? row.listing.apiBaseUrl };
  const fields = [
    ...(hasMoved ? [{ field: "wallet", declared: wallet.vkey, live: row.walletVkey }] : []),
    ...compareContent(row, declared, source.sourceAddress),
  ];
  return { ...compared, row, status: statusOf(row, fields), fields };
}

function statusOf({ state }: Row, fields: readonly FieldDrift[]): DriftStatus {
  if (state.endsWith("Failed")) return "failed";
  if (fields.length > 0) return "changed";
  return isPending(state) ? "pending" : "same";
}
