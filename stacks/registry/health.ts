import { printable } from "../../providers/common/printable.ts";
import { MasumiError, type Probed, probeRegistered } from "../../providers/masumi/service/index.ts";
import { RegistryClient, type RegistryService } from "./client.ts";
import type { Entry } from "./wire.ts";

/** What the network's registry says of an agent. What its release does not tell is null. */
export interface RegistryHealth {
  /** `Online`, `Offline`, `Invalid`, `Deregistered`, or what a newer release says; null: the agent is not listed, or not yet. */
  readonly status: string | null;
  /** For `Invalid` and `Offline`: what this machine sees where the registry looks, as the registry itself gives no reason. */
  readonly reason: string | null;
  /** Checks by which the agent was online, of all: 0 to 100. */
  readonly uptimePercent: number | null;
  /** How many checks there were. */
  readonly checks: number | null;
  readonly checkedAt: string | null;
  /** When the registry saw this identifier first, which on V2 is new after each update. */
  readonly firstSeenAt: string | null;
  /** Whether it replaced another one, whose age counts too. */
  readonly supersedes: boolean | null;
  /** Among all agents that are online; null unless the agent is among the first 500. */
  readonly rank: RegistryRank | null;
}

export interface RegistryRank {
  /** 1 is what buyers see first. */
  readonly place: number;
  /** 0 to 1, as are its parts. */
  readonly score: number;
  /** In relation to the agent that has most. */
  readonly purchases: number | null;
  /** Of late. */
  readonly uptime: number | null;
  /** Of the agent, whatever its identifiers. */
  readonly age: number | null;
}

/** An agent that is to be looked for. */
export interface Listed {
  readonly agentIdentifier: string;
  /** Where it is; undefined where that is not known. */
  readonly probed: Probed | undefined;
}

export interface RegistryReport {
  /** Why nothing is known, or not of all agents; null if all was told. */
  readonly problem: string | null;
  /** By identifier; one that is missing could not be asked for. */
  readonly agents: ReadonlyMap<string, RegistryHealth>;
}

export interface AskOptions {
  /** Whether agents may be at addresses that only this machine or its network can reach. */
  readonly allowPrivate: boolean;
  readonly signal?: AbortSignal | undefined;
  /** @default 15,000 */
  readonly withinMs?: number | undefined;
}

const WITHIN_MS = 15_000;

/** Ask the registry about agents. A registry that does not answer is no error: the report says so. @throws the signal's reason */
export async function askRegistry(
  service: RegistryService,
  agents: readonly Listed[],
  { allowPrivate, signal, withinMs = WITHIN_MS }: AskOptions,
): Promise<RegistryReport> {
  const found = new Map<string, RegistryHealth>();
  const deadline = AbortSignal.timeout(withinMs);
  // What fails for one agent ends the questions about all others.
  const failed = new AbortController();
  const waits = AbortSignal.any([deadline, failed.signal, ...(signal ? [signal] : [])]);
  try {
    const client = new RegistryClient(service);
    await Promise.all(
      agents.map(async (agent) => {
        const { agentIdentifier } = agent;
        const entry = await client.find(agentIdentifier, waits);
        const health = entry ? healthIn(entry) : UNLISTED;
        found.set(agentIdentifier, health);
        if (!entry) return;
        const reason = await reasonOf(agent, entry, { allowPrivate, signal: waits });
        found.set(agentIdentifier, { ...health, reason });
      }),
    );
    await addRanks(client, found, waits);
    return { problem: null, agents: found };
  } catch (error) {
    signal?.throwIfAborted();
    return { problem: problemOf(error, deadline.aborted, withinMs), agents: new Map(found) };
  } finally {
    failed.abort();
  }
}

function problemOf(error: unknown, isLate: boolean, withinMs: number): string {
  if (error instanceof MasumiError) {
    // Its own remedy is about the payment service.
    if (error.code === "INSECURE_URL") return `${error.what} It must be https.`;
    return printable(`${error.what}${error.serviceMessage ? ` It says: ${error.serviceMessage}` : ""}`);
  }
  if (isLate) return `not everything was answered within ${withinMs / 1000} s.`;
  throw error;
}

const UNLISTED: RegistryHealth = {
  status: null,
  reason: null,
  uptimePercent: null,
  checks: null,
  checkedAt: null,
  firstSeenAt: null,
  supersedes: null,
  rank: null,
};

function healthIn(entry: Entry): RegistryHealth {
  const { status, uptimeCount: up, uptimeCheckCount: checks = null } = entry;
  const superseded = entry.supersedesAgentIdentifier;
  return {
    status,
    reason: null,
    uptimePercent: typeof up === "number" && checks ? percent(up / checks) : null,
    checks,
    // The time of an entry that was never checked is that of its making.
    checkedAt: checks === 0 ? null : (entry.lastUptimeCheck ?? null),
    firstSeenAt: entry.createdAt ?? null,
    supersedes: superseded === undefined ? null : superseded !== null,
    rank: null,
  };
}

const percent = (share: number): number => Math.round(Math.min(share, 1) * 1000) / 10;

/** What the registry calls its types, and what we do. */
const isOfType = (type: Entry["type"], { type: ours = "standard" }: Probed): boolean =>
  !type || type.toLowerCase() === ours;

const PROBE_MS = 5_000;

async function reasonOf(
  { agentIdentifier, probed }: Listed,
  { status, type }: Entry,
  how: { readonly allowPrivate: boolean; readonly signal: AbortSignal },
): Promise<string | null> {
  if (status !== "Invalid" && status !== "Offline") return null;
  // Where it is, or its document, may not be known here.
  if (!probed || !isOfType(type, probed)) return null;
  const seen = await probeRegistered(probed, { agentIdentifier, withinMs: PROBE_MS, ...how });
  return seen ?? "seen from here it answers as it should, so its next check may find it online";
}

/** Adds the ranks of those that are online, as long as any is still looked for. */
async function addRanks(
  client: RegistryClient,
  found: Map<string, RegistryHealth>,
  signal: AbortSignal,
): Promise<void> {
  const online = [...found].filter(([, { status }]) => status === "Online");
  const wanted = new Set(online.map(([identifier]) => identifier));
  if (wanted.size === 0) return;
  let place = 0;
  for await (const { agentIdentifier, ranking } of client.ranked(signal)) {
    place += 1;
    const health = found.get(agentIdentifier);
    if (!health || !ranking || !wanted.delete(agentIdentifier)) continue;
    const { score, components } = ranking;
    const rank = {
      place,
      score,
      purchases: components?.successfulPurchases ?? null,
      uptime: components?.uptime ?? null,
      age: components?.lineageAge ?? null,
    };
    found.set(agentIdentifier, { ...health, rank });
    if (wanted.size === 0) return;
  }
}
