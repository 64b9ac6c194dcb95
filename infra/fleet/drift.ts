import {
  type Listing,
  type MasumiClient,
  type MasumiError,
  type OwnRow,
  type Row,
  changedFields,
  isLeaving,
  isPending,
  marker,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { eachAgent } from "./plan.ts";
import { listingOf } from "./plan.ts";
import { type FleetInput, findOrphans, registrationsOf } from "./plan.ts";
import { rightsProblem } from "./refusals.ts";
import { survey } from "./survey.ts";
import { type WalletPool, paymentSourceOf } from "./wallets.ts";

/** An on-chain value that is not as declared. */
export interface FieldDrift {
  /** As in an agent's file, but `apiBaseUrl` for its URL; `wallet` and `sourceAddress` say where its money goes. */
  readonly field: string;
  /** undefined: there is none. */
  readonly declared: unknown;
  readonly live: unknown;
}

/**
 * How an agent stands with the network. `same`: as declared and confirmed; `pending`: as declared, and a transaction
 * is to be confirmed; the others are drift. `failed`: the last attempt ended badly; `leaving`: its token is being
 * burned; `missing`: it is not registered.
 */
export type DriftStatus = "same" | "pending" | "changed" | "failed" | "leaving" | "missing";

export interface AgentDrift {
  readonly agent: Agent;
  readonly status: DriftStatus;
  /** The registration that the status is about; absent if there never was one. */
  readonly row?: Row;
  readonly fields: readonly FieldDrift[];
  /** Further live registrations of the same agent. */
  readonly duplicates: readonly Row[];
  /** False: the agent's URL is not known here, so it was not compared. */
  readonly isUrlCompared: boolean;
}

export interface FleetDrift {
  readonly agents: readonly AgentDrift[];
  /** Registrations of this owner that are on the chain, or will be, and that no file declares. */
  readonly orphans: readonly OwnRow[];
  /** What keeps an agent from being compared, one entry for each. */
  readonly problems: readonly MasumiError[];
  readonly hasDrifted: boolean;
}

export interface DriftOptions {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly urlOf: FleetInput["urlOf"];
  readonly signal?: AbortSignal;
}

/**
 * Reads the registrations of a stack and holds them against what is declared. Reads only; any right of the API key
 * will do.
 *
 * @throws MasumiError if the key is of another network; ServiceError, RefusedError
 */
export async function examineDrift(client: MasumiClient, options: DriftOptions): Promise<FleetDrift> {
  const { config, agents, signal } = options;
  const refused = rightsProblem(await client.apiKeyStatus({ signal }), config, { spends: false });
  if (refused) throw refused;
  return findDrift({ ...options, survey: await survey(client, config, agents, { signal }) });
}

/** What is not as declared, agent by agent and field by field. Pure. */
export function findDrift(input: FleetInput): FleetDrift {
  const { config, agents } = input;
  const {
    results: compared,
    problems,
    own,
  } = eachAgent(input, (agent, own, pool) => compareAgent(input, agent, own, pool));
  const orphans = findOrphans(config, agents, own)
    .map(({ row }) => row)
    .filter(({ state }) => !isLeaving(state));
  const hasDrifted = orphans.length > 0 || compared.some(isDrift);
  return { agents: compared, orphans, problems, hasDrifted };
}

export const isDrift = ({ status, duplicates }: AgentDrift): boolean =>
  (status !== "same" && status !== "pending") || duplicates.length > 0;

function compareAgent(
  { config, survey, urlOf }: FleetInput,
  agent: Agent,
  own: readonly OwnRow[],
  pool: WalletPool,
): AgentDrift {
  const { rows, row: marked, spare } = registrationsOf(marker(config.owner, agent.id), own);
  const row = marked ?? survey.rows.find(({ id }) => id === agent.adopt) ?? rows[0];
  const url = urlOf(agent);
  const wallet = pool.choose(agent, row);
  const compared = { agent, duplicates: spare, isUrlCompared: url !== undefined };
  if (!row || row.state === "DeregistrationConfirmed") {
    return { ...compared, ...(row ? { row } : {}), status: "missing", fields: [] };
  }
  if (isLeaving(row.state)) return { ...compared, row, status: "leaving", fields: [] };
  if (row.state === "RegistrationFailed") return { ...compared, row, status: "failed", fields: [] };

  const hasMoved = wallet.vkey !== row.walletVkey;
  // On another wallet, the payment source is another one too; that says nothing more.
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

/** On-chain values of a row that are not as declared, texts in maps one by one, lists as a whole. */
export function compareContent(row: Row, declared: Listing, sourceAddress: string | undefined): FieldDrift[] {
  const live = { wallet: row, listing: row.listing, sourceAddress: row.sourceAddress };
  const wanted = { wallet: row, listing: declared, sourceAddress };
  return changedFields(live, wanted).flatMap((field): FieldDrift[] => {
    if (field === "sourceAddress") return [{ field, declared: sourceAddress, live: row.sourceAddress }];
    const key = field as keyof Listing;
    if (key === "author" || key === "legal" || key === "capability") {
      return compareTexts(key, { ...declared[key] }, { ...row.listing[key] });
    }
    return [{ field, declared: declared[key], live: row.listing[key] }];
  });
}

type Texts = Readonly<Record<string, string | undefined>>;

const compareTexts = (field: string, declared: Texts, live: Texts): FieldDrift[] =>
  Object.keys({ ...declared, ...live })
    .filter((key) => (declared[key] || undefined) !== (live[key] || undefined))
    .map((key) => ({
      field: `${field}.${key}`,
      declared: declared[key] || undefined,
      live: live[key] || undefined,
    }));
