/** A list that has no order of its own, as it comes out of the database this time. */
export type Unordered = <T>(items: readonly T[]) => readonly T[];

/** As it was written. */
export const asWritten: Unordered = (items) => items;

/** In any order. */
export const shuffled: Unordered = (items) =>
  items
    .map((item) => ({ item, rank: Math.random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
