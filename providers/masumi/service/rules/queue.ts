import { type Row, type WalletType, isLeaving, isPending } from "../model.ts";

/*
 * A selling wallet sends one transaction at a time. V1: one request each; V2: up to five registrations together. Observed with
 * release 0.28; the batch size is from its source.
 */
const REQUESTS_PER_TURN: Readonly<Record<WalletType, number>> = { V1: 1, V2: 5 };

/** Time between two transactions with an instant chain (observed with release 0.28); a real chain takes longer. */
const TURN_SECONDS = 75;

/** Minimum duration of a wait without a configured limit. */
const SHORTEST_WAIT_MINUTES = 60;
/** How much longer than its queue should take a wait may last, because real chains and busy services are slower. */
const PATIENCE = 2;

/** Returns the seconds that a wallet usually takes for that many requests. */
export const queueSeconds = (type: WalletType, requests: number): number =>
  Math.ceil(requests / REQUESTS_PER_TURN[type]) * TURN_SECONDS;

/** Returns the minutes after which a wait is given up if masumi:waitMinutes is not set. */
export const waitMinutesFor = (type: WalletType, requests: number): number =>
  Math.max(SHORTEST_WAIT_MINUTES, Math.ceil((PATIENCE * queueSeconds(type, requests)) / 60));

const isWaiting = ({ state }: Row) => isPending(state) || isLeaving(state);
const isUnderWay = ({ state }: Row) => state.endsWith("Initiated");

/** Returns how many requests of each wallet are not finished, by its vkey; a wallet without any is left out. */
export function queueLengths(rows: Iterable<Row>): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  for (const row of rows) {
    if (isWaiting(row)) lengths.set(row.walletVkey, (lengths.get(row.walletVkey) ?? 0) + 1);
  }
  return lengths;
}

/** Returns how many requests of the same wallet come before this one: those in progress, and those made earlier. */
export function requestsBefore(row: Row, rows: Iterable<Row>): number {
  if (isUnderWay(row)) return 0;
  return [...rows].filter(
    (other) =>
      other.id !== row.id &&
      other.walletVkey === row.walletVkey &&
      isWaiting(other) &&
      (isUnderWay(other) || other.updatedAt < row.updatedAt),
  ).length;
}

/**
 * Returns a function that returns when to give up a wait, in Unix milliseconds: after masumi:waitMinutes if set, otherwise
 * according to the longest queue that the wallet has had.
 */
export function deadlineBy(wait: {
  readonly waitMinutes: number | undefined;
  readonly wallet: { readonly vkey: string; readonly type: WalletType };
  /** Number of requests that are known to follow. */
  readonly expected?: number | undefined;
  /** How many requests of the wallet are not finished. */
  readonly queueLength: () => number;
}): () => number {
  const { waitMinutes, wallet, queueLength } = wait;
  const startedAt = Date.now();
  let longest = wait.expected ?? 1;
  return () => {
    if (waitMinutes !== undefined) return startedAt + waitMinutes * 60_000;
    longest = Math.max(longest, queueLength());
    return startedAt + waitMinutesFor(wallet.type, longest) * 60_000;
  };
}
