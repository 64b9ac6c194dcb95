import {
  LedgerCopy,
  type LedgerEntry,
  type LedgerLines,
  type SpendKind,
  ledgerPath,
  readLedgerFile,
} from "../providers/masumi/service/index.ts";
import { openLedgerBucket, ownName } from "./ledger.ts";
import { feeShares } from "./outputs.ts";
import type { CallOptions, Project } from "./project.ts";
import { UserError } from "./user-error.ts";

export interface SpentFilter {
  readonly stack: string;
  /** `2026-11`, UTC */
  readonly month?: string | undefined;
  readonly agent?: string | undefined;
}

interface Sums {
  registrations: number;
  updates: number;
  burns: number;
  fee: bigint;
  locked: bigint;
  freed: bigint;
}

/** Documented in docs/outputs.md. */
export interface SpentDocument {
  readonly version: 1;
  readonly stack: string;
  /** The folder of masumi:ledger that has every machine's lines; null if only this machine's were read. */
  readonly bucket: string | null;
  /** Number of this machine's lines that are not in the bucket yet. */
  readonly unsent: number;
  readonly rows: readonly (SpentSums & { readonly month: string; readonly agent: string })[];
  readonly total: SpentSums;
  /** Requests of which the ledger does not know what became. */
  readonly open: readonly {
    readonly agent: string;
    readonly kind: SpendKind;
    readonly time: string;
    readonly run: string;
  }[];
  /** Number of transactions that no run of this ledger requested, such as those of registrations that were taken over. */
  readonly elsewhere: number;
  readonly skipped: { readonly otherVersions: Readonly<Record<string, number>>; readonly unreadable: number };
}

interface SpentSums {
  readonly registrations: number;
  readonly updates: number;
  readonly burns: number;
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
  readonly freedLovelace: string;
}

/**
 * Return what a project's runs spent: from the ledgers of all machines where the stack has a bucket for them, else from this one's.
 *
 * @throws UserError when month is none, or a ledger cannot be read
 * @throws ConfigurationError when masumi:ledger cannot be read
 */
export async function readSpending(
  project: Project,
  filter: SpentFilter,
  { env }: Pick<CallOptions, "env">,
): Promise<SpentDocument> {
  const { month } = filter;
  if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) {
    throw new UserError(`"${month}" is not a month: write it like 2026-11.`);
  }
  const { entries, otherVersions, unreadable, ...source } = await readLedgers(project, filter.stack, env);
  return {
    ...source,
    ...sumSpending(entries, filter),
    skipped: { otherVersions: Object.fromEntries(otherVersions), unreadable },
  };
}

type Ledgers = LedgerLines & Pick<SpentDocument, "bucket" | "unsent">;

/** Each line counts once, although most of this machine's are in the bucket as well. */
async function readLedgers(project: Project, stack: string, env: CallOptions["env"]): Promise<Ledgers> {
  const path = ledgerPath(project.root);
  const here = await readLedgerFile(path).catch((error: Error) => {
    throw new UserError(`${path} cannot be read: ${error.message}`);
  });
  const bucket = openLedgerBucket(project, stack, env);
  if (!bucket) return { ...here, bucket: null, unsent: 0 };
  try {
    const everywhere = await bucket.read();
    const known = new Set(everywhere.entries.map(({ id }) => id));
    const added = here.entries.filter(({ id }) => !known.has(id));
    const copy = new LedgerCopy({ projectFolder: project.root, bucket, stack: ownName(stack) });
    return {
      ...everywhere,
      entries: [...everywhere.entries, ...added],
      bucket: bucket.address,
      unsent: (await copy.kept()).length,
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}. masumi-agents doctor checks it.`);
  } finally {
    await bucket.close();
  }
}

/** Return the sums of a ledger's lines. A transaction counts if a request of the ledger led to it, in the month that saw it confirmed. */
export function sumSpending(
  entries: readonly LedgerEntry[],
  { stack, month, agent }: SpentFilter,
): Omit<SpentDocument, "skipped" | "bucket" | "unsent"> {
  const { settled, open, elsewhere } = matchRequests(entries);
  // Among all agents: what is shown of a transaction does not change what each of them bears.
  const shares = feeShares(settled.map(({ id, txHash, feeLovelace }) => ({ id, txHash, feeLovelace })));
  const bareStack = ownName(stack);
  const isMeant = (entry: LedgerEntry) =>
    entry.stack === bareStack && (!month || monthOf(entry) === month) && (!agent || entry.agent === agent);
  const total = noSums();
  const groups = new Map<string, Sums>();
  for (const entry of settled.filter(isMeant)) {
    const key = `${monthOf(entry)} ${entry.agent}`;
    const sums = groups.get(key) ?? noSums();
    groups.set(key, sums);
    const fee = BigInt(shares.get(entry.id) || "0");
    add(sums, entry, fee);
    add(total, entry, fee);
  }
  return {
    version: 1,
    stack,
    rows: [...groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, sums]) => ({ month: key.slice(0, 7), agent: key.slice(8), ...toTexts(sums) })),
    total: toTexts(total),
    open: open.filter(isMeant).map(({ agent, kind, time, run }) => ({ agent, kind, time, run })),
    elsewhere: elsewhere.filter(isMeant).length,
  };
}

const monthOf = ({ time }: LedgerEntry): string => time.slice(0, 7);

/** Put each transaction beside the request that led to it: the first one of its kind for the registration that has none yet. */
function matchRequests(entries: readonly LedgerEntry[]) {
  const byTime = entries.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const rowOf = new Map(
    byTime.flatMap(({ event, request, registrationId }) =>
      event === "answered" && request ? [[request, registrationId] as const] : [],
    ),
  );
  const refused = new Set(byTime.filter(({ event }) => event === "refused").map(({ request }) => request));
  const open: LedgerEntry[] = [];
  const settled: LedgerEntry[] = [];
  const elsewhere: LedgerEntry[] = [];
  const seen = new Set<string>();
  for (const entry of byTime) {
    if (entry.event === "sent" && !refused.has(entry.request)) open.push(entry);
    if (entry.event !== "confirmed" && entry.event !== "failed") continue;
    const transaction = `${entry.event} ${entry.kind} ${entry.registrationId} ${entry.txHash}`;
    if (seen.has(transaction)) continue;
    seen.add(transaction);
    const cause = causeOf(entry, open, rowOf);
    if (cause < 0) elsewhere.push(entry);
    else {
      open.splice(cause, 1);
      settled.push(entry);
    }
  }
  return { settled, open, elsewhere };
}

/** The place of the request that led to a transaction: by its registration, else the agent's first one without an answer. */
function causeOf(
  entry: LedgerEntry,
  open: readonly LedgerEntry[],
  rowOf: ReadonlyMap<string, string>,
): number {
  const { kind, network, stack, agent } = entry;
  const idOf = (sent: LedgerEntry) => rowOf.get(sent.request ?? "") ?? sent.registrationId;
  const isOfKind = (sent: LedgerEntry) => sent.kind === kind && sent.network === network;
  const known = open.findIndex((sent) => isOfKind(sent) && idOf(sent) === entry.registrationId);
  if (known >= 0) return known;
  return open.findIndex(
    (sent) => isOfKind(sent) && idOf(sent) === "" && sent.agent === agent && sent.stack === stack,
  );
}

const noSums = (): Sums => ({ registrations: 0, updates: 0, burns: 0, fee: 0n, locked: 0n, freed: 0n });

function add(sums: Sums, { event, kind, lockedLovelace }: LedgerEntry, fee: bigint): void {
  sums.fee += fee;
  if (event === "failed") return;
  const locked = BigInt(lockedLovelace || "0");
  if (kind === "register") {
    sums.registrations += 1;
    sums.locked += locked;
  } else if (kind === "update") sums.updates += 1;
  else {
    sums.burns += 1;
    sums.freed += locked;
  }
}

const toTexts = ({ registrations, updates, burns, fee, locked, freed }: Sums): SpentSums => ({
  registrations,
  updates,
  burns,
  feeLovelace: String(fee),
  lockedLovelace: String(locked),
  freedLovelace: String(freed),
});
