import { type Row, type WalletType, isLeaving, isPending } from "../model.ts";

/*
 * A selling wallet sends one transaction at a time. V1: one request each; V2: up to five registrations together. Seen on
 * release 0.28, the batch size read in its source.
 */
const REQUESTS_PER_TURN: Readonly<Record<WalletType, number>> = { V1: 1, V2: 5 };

/** From one transaction to the next, with a chain that answers at once (seen on release 0.28); a real one takes longer. */
const TURN_SECONDS = 75;

/** A wait that nobody limits is not given up before. */
const SHORTEST_WAIT_MINUTES = 60;
/** What a wait may take of what its queue should take: the real chain is slower, and so are busy services. */
const PATIENCE = 2;

/** Seconds that a wallet takes for so many requests, at its usual pace. */
export const queueSeconds = (type: WalletType, requests: number): number =>
  Math.ceil(requests / REQUESTS_PER_TURN[type]) * TURN_SECONDS;

/** Minutes after which a wait is given up where masumi:waitMinutes says nothing. */
export const waitMinutesFor = (type: WalletType, requests: number): number =>
  Math.max(SHORTEST_WAIT_MINUTES, Math.ceil((PATIENCE * queueSeconds(type, requests)) / 60));

const isWaiting = ({ state }: Row) => isPending(state) || isLeaving(state);
const isUnderWay = ({ state }: Row) => state.endsWith("Initiated");

/** How many requests of a wallet are not done. */
export const queueLengthOf = (rows: Iterable<Row>, vkey: string): number =>
  [...rows].filter((row) => row.walletVkey === vkey && isWaiting(row)).length;

/** How many requests of the same wallet come before this row's: those under way, and those made earlier. */
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
 * When to give a wait up, in Unix milliseconds: after masumi:waitMinutes where it is set, else by the longest queue that
 * the wallet was seen to have.
 */
export function deadlineBy(wait: {
  readonly waitMinutes: number | undefined;
  readonly wallet: { readonly vkey: string; readonly type: WalletType };
  /** Requests that are known to come. */
  readonly expected?: number | undefined;
  readonly rows: () => Iterable<Row>;
}): () => number {
  const { waitMinutes, wallet, rows } = wait;
  const startedAt = Date.now();
  let longest = wait.expected ?? 1;
  return () => {
    if (waitMinutes !== undefined) return startedAt + waitMinutes * 60_000;
    longest = Math.max(longest, queueLengthOf(rows(), wallet.vkey));
    return startedAt + waitMinutesFor(wallet.type, longest) * 60_000;
  };
}
