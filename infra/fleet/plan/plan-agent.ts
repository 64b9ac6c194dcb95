import {
  type Change,
  MasumiError,
  type OwnRow,
  type RecoverFrom,
  type Registration,
  type Row,
  assertListingSupported,
  assertTextsFit,
  assertTypeSupported,
  assertUpdatable,
  blameFor,
  changedFields,
  decideChange,
  decideCreate,
  describeBlame,
  digestOf,
  isLeaving,
  isLive,
  isOver,
  isSettled,
  isUpdatedInPlace,
  marker,
  notListedAnyMore,
  shows,
} from "../../../providers/masumi/service/index.ts";
import type { StackConfig, Wallet } from "../../config.ts";
import type { Agent } from "../../declarations/index.ts";
import { type Action, type Cost, costOf } from "../costs.ts";
import { type FieldDrift, compareContent } from "../changes/compare.ts";
import type { LiveFleet } from "./each-agent.ts";
import {
  type FleetInput,
  type Registrations,
  assertOneWallet,
  assertUnregistered,
  isOutsideState,
  keptBy,
  listingOf,
  registrationsOf,
} from "../registrations.ts";
import type { Survey } from "../survey.ts";
import { paymentSourceOf } from "../wallets.ts";

/** One agent of the stack: its status on the network, and what a run would do about it. */
export interface PlannedAgent {
  readonly agent: Agent;
  /** The wallet that registers it: the one it is already registered with, otherwise the least used one of the pool. */
  readonly wallet: Wallet;
  /** V2: contract address of the wallet's own payment source. */
  readonly sourceAddress?: string;
  /** Its registrations that have ended or failed to update: if the state has one of them, this run tries again. */
  readonly recover?: readonly RecoverFrom[];
  readonly action: Action;
  /** On-chain fields that differ from the declaration, including `wallet`. */
  readonly fields: readonly string[];
  /** The same with their values, part by part. */
  readonly changes: readonly FieldDrift[];
  /** Its live registration, or the one to be taken over. */
  readonly row?: Row;
  /** Why its last attempt failed, if it did. */
  readonly failure?: string;
  /** Other live registrations of the same agent; left alone, as far as is known. */
  readonly spare: readonly Row[];
  /** Those of them that the stack's state has and gives up, as after an interrupted replacement: this run deregisters them. */
  readonly removals: readonly Removal[];
  /** "" if it is known only once the agent is hosted. */
  readonly url: string;
  /** If the state was not seen: why a run refuses that has none of its registrations in the state. */
  readonly refusedIfNew?: MasumiError;
  /** When an earlier run requested it without learning what became of that (Unix milliseconds). */
  readonly requestedAt?: number;
  /** Without its removals. */
  readonly cost: Cost;
}

/** An old registration of an agent that is deregistered, since the state has another one in its place. */
export interface Removal {
  readonly row: Row;
  readonly cost: Cost;
}

export const removalOf = (row: Row): Removal => ({ row, cost: costOf("deregister", row.type) });

/** Returns why an agent's last registration, or the update of its live one, failed; "" if it did not. */
function lastFailure(rows: readonly OwnRow[], live: OwnRow | undefined, all: readonly Row[]): string {
  const last = live ?? rows[0];
  if (!last?.state.endsWith("Failed")) return "";
  const said = last.error && ` The service says: ${last.error.replace(/[.\s]*$/, ".")}`;
  const blame = describeBlame(blameFor(last, all));
  return `Registration ${last.id} is ${last.state}.${said}${blame && ` ${blame}`}`;
}

/** @throws MasumiError if the agent cannot be planned */
export function planAgent(input: FleetInput, agent: Agent, fleet: LiveFleet): PlannedAgent {
  const { own, pool, registered } = fleet;
  const { config, survey, urlOf } = input;
  const mark = marker(config.owner, agent.id);
  const by = keptBy(input, agent, registered);
  const registrations = registrationsOf(input, mark, own, by);
  assertOneWallet(agent, registrations, by);
  const { rows, row, spare, removed } = registrations;
  const adopted = agent.adopt === undefined ? undefined : survey.rows.find(({ id }) => id === agent.adopt);
  const wallet = pool.choose(agent, row ?? adopted);
  assertListed(input, agent, { wallet, unlisted: fleet.unlisted });
  // Before its contract is looked for: a service that is too old for V2 has none.
  if (survey.dialect) assertTypeSupported(agent.id, wallet, survey.dialect);
  const source = paymentSourceOf(config, wallet, survey.sources);
  const knownUrl = urlOf(agent, registered);
  const registration: Registration = {
    network: config.network,
    marker: mark,
    wallet,
    ...source,
    // A URL that is not known yet counts as unchanged, as in a preview.
    listing: { ...listingOf(agent), apiBaseUrl: knownUrl ?? (row ?? adopted)?.listing.apiBaseUrl ?? "" },
  };
  const recover = recoverFrom(rows, row);
  const decided = decide(input, agent, { registration, rows, row, adopted, recover });
  const requestedAt = decided.action === "create" ? assertUnregistered(input, agent, wallet) : undefined;
  assertAccepted(survey, registration, agent, decided);
  const failure = lastFailure(rows, row, survey.rows);
  return {
    agent,
    wallet,
    ...source,
    ...(failure ? { failure } : {}),
    ...(recover.length > 0 ? { recover } : {}),
    ...decided,
    spare,
    removals: removed.map(removalOf),
    url: knownUrl ?? "",
    ...(requestedAt === undefined ? {} : { requestedAt }),
    cost: costOf(decided.action, wallet.type),
  };
}

/**
 * Throws if the state has a registration of the agent that the service does not list: a run would leave it as it is, whatever else
 * is listed of the agent, until a refresh has found out what became of it.
 *
 * @throws MasumiError REGISTRATION_GONE; REGISTRY_INCONSISTENT and REGISTRATION_UNSETTLED if more is known
 */
function assertListed(
  input: FleetInput,
  agent: Agent,
  { wallet, unlisted }: Pick<LiveFleet, "unlisted"> & { readonly wallet: Wallet },
): void {
  const gone = unlisted.get(agent.id);
  if (!gone) return;
  assertUnregistered(input, agent, wallet);
  throw notListedAnyMore(gone);
}

/**
 * Returns whether this plan replaces a registration that was taken over without our marker. Only the state knows whether
 * it was taken over: if not, the run fails before it sends anything, and asks to adopt the registration as it is first.
 */
const isOurChange = (adopted: Row, registration: Registration): boolean =>
  !isUpdatedInPlace(adopted.type, adopted.listing.type, registration.listing.type) &&
  adopted.walletVkey === registration.wallet.vkey &&
  isLive(adopted.state) &&
  !shows(adopted, registration);

/** @throws MasumiError if the service would refuse what the run is about to request */
function assertAccepted(
  { dialect }: Survey,
  { listing }: Registration,
  { id }: Agent,
  { action, row }: Decided,
): void {
  if (action === "none" || action === "adopt") return;
  if (action === "update" && row && isSettled(row.state)) assertUpdatable(row);
  if (!dialect) return;
  assertListingSupported(id, listing, dialect);
  assertTextsFit(id, listing, dialect);
}

interface Decided extends Pick<PlannedAgent, "fields" | "changes" | "row" | "refusedIfNew"> {
  readonly action: Action;
}

/** What is there of an agent. */
interface Present extends Pick<Registrations, "rows" | "row"> {
  readonly registration: Registration;
  /** The registration that the agent's file names with adopt:. */
  readonly adopted: Row | undefined;
  readonly recover: readonly RecoverFrom[];
}

/** @throws MasumiError if the run would refuse once it looks for the agent's registration */
function decide(input: FleetInput, agent: Agent, present: Present): Decided {
  const { config, survey, inState } = input;
  const { registration, rows, row, adopted, recover } = present;
  const known = row ?? (adopted && isOurChange(adopted, registration) ? adopted : undefined);
  const asNew = () => newcomer(registration, agent, survey.rows);
  if (!known || isOutsideState(input, [known, ...rows])) return asNew();
  const change = { ...changeOf(config, registration, known, recover), row: known };
  if (change.action === "replace" && inState?.has(known.id)) {
    newcomer(registration, agent, survey.rows, known);
  }
  const refusedIfNew = inState === undefined ? refusalOf(asNew) : undefined;
  return refusedIfNew ? { ...change, refusedIfNew } : change;
}

function changeOf(
  { network, v1Replacement }: StackConfig,
  registration: Registration,
  row: Row,
  recover: readonly RecoverFrom[],
): Decided {
  const { wallet, listing, sourceAddress = "", marker } = registration;
  const change: Change = decideChange(
    row.id,
    {
      network,
      wallet: { vkey: row.walletVkey, type: row.type },
      content: digestOf({ wallet: row, listing: row.listing, sourceAddress: row.sourceAddress }),
      marker,
      state: row.state,
      listingType: row.listing.type,
    },
    { network, wallet, listing, sourceAddress, v1Replacement, recover },
  );
  return { action: change.kind, ...(change.kind === "none" ? UNCHANGED : differences(row, registration)) };
}

const UNCHANGED = { fields: [], changes: [] } as const;

/** On another wallet everything is registered anew, so only that is named. */
function differences(
  row: Row,
  { wallet, listing, sourceAddress }: Registration,
): Pick<Decided, "fields" | "changes"> {
  if (row.walletVkey !== wallet.vkey) {
    const moved = { field: "wallet", declared: wallet.vkey, live: row.walletVkey };
    return { fields: [moved.field], changes: [moved] };
  }
  const live = { wallet: row, listing: row.listing, sourceAddress: row.sourceAddress };
  return {
    fields: changedFields(live, { wallet, listing, sourceAddress }),
    changes: compareContent(row, listing, sourceAddress),
  };
}

/**
 * Returns how a run registers an agent, in the place of `old` if it replaces that one.
 *
 * @throws MasumiError if a registration of somebody else, or of another stack, is in the way
 */
function newcomer(registration: Registration, { adopt }: Agent, rows: readonly Row[], old?: Row): Decided {
  const replaced = new Set(old ? [old.id] : []);
  const look = decideCreate({ registration, adopt, rows, deregistering: new Set(), replaced });
  if (look.kind === "register") return { action: "create", ...UNCHANGED };
  if (look.kind === "adopt") return { action: "adopt", ...UNCHANGED, row: look.row };
  return { action: "update", ...differences(look.row, registration), row: look.row };
}

function refusalOf(decide: () => unknown): MasumiError | undefined {
  try {
    decide();
    return undefined;
  } catch (error) {
    if (error instanceof MasumiError) return error;
    throw error;
  }
}

/** More consecutive attempts that the state does not know of are not to be expected. */
const MOST_RECOVERED = 10;

/**
 * Returns those registrations of an agent that have ended, are ending or failed although the state may still consider them valid.
 * Only the state knows which one it has, and after a killed run that need not be the newest.
 */
function recoverFrom(rows: readonly OwnRow[], live: Row | undefined): RecoverFrom[] {
  return rows
    .filter(
      ({ id, state }) => isOver(state) || isLeaving(state) || (id === live?.id && state === "UpdateFailed"),
    )
    .slice(0, MOST_RECOVERED)
    .map(({ id, state }) => ({ rowId: id, state }));
}
