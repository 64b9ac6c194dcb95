import { type Row, isLeaving, isLive, isOver, isPending } from "../model.ts";

/** How to tell several registrations of one agent apart. */
export interface KeptBy {
  /** Ids of the registrations in the stack's state, if that is known. */
  readonly inState?: ReadonlySet<string> | undefined;
  /** Whether a registration shows what is declared. */
  readonly shows: (row: Row) => boolean;
  /** Whether it can be updated to show that. If not, a run replaces the one in the state, by another one that shows it. */
  readonly canShow?: ((row: Row) => boolean) | undefined;
}

export interface Kept<R extends Row> {
  readonly row: R | undefined;
  /** The others that are, or will be, on the chain. */
  readonly spare: readonly R[];
}

/**
 * Decides which of an agent's registrations counts, everywhere: the one in the state if it shows the declared listing or can be
 * updated to do so, then one that shows it, then the one in the state, which a run replaces, then the oldest. What is over or
 * leaving never counts. Nothing here depends on how far a transaction is, so two runs at once decide alike. Pure.
 */
export function chooseKept<R extends Row>(rows: readonly R[], { inState, shows, canShow }: KeptBy): Kept<R> {
  const isShown = (row: Row) => (isLive(row.state) || isPending(row.state)) && shows(row);
  const isIn = (row: Row) => inState?.has(row.id) ?? false;
  const stays = (row: Row) => isIn(row) && (shows(row) || (canShow?.(row) ?? true));
  const [row, ...spare] = rows
    .filter(({ state }) => !isOver(state) && !isLeaving(state))
    .map((row) => ({ row, rank: (stays(row) ? 4 : 0) + (isShown(row) ? 2 : 0) + (isIn(row) ? 1 : 0) }))
    .toSorted((a, b) => b.rank - a.rank || byAge(a.row, b.row))
    .map((judged) => judged.row);
  return { row, spare };
}

/** The oldest first; of the same moment, the lower id. */
const byAge = (a: Row, b: Row): number => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id);
