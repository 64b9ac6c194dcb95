import { createHash } from "node:crypto";

/** The available numbers: `count` of them, starting at `first`. */
export interface NumberRange {
  readonly first: number;
  readonly count: number;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Returns a unique number for each id, the same on every machine and without a record of earlier runs. An id's number is
 * derived from the id. If ids clash, the alphabetically first keeps the number and the others take the next free one, so
 * adding or removing an id changes only the numbers of ids that clash with it.
 *
 * @throws RangeError if there are more ids than numbers
 */
export function stableNumbers(
  ids: Iterable<string>,
  { first, count }: NumberRange,
): ReadonlyMap<string, number> {
  const sorted = [...new Set(ids)].toSorted(byText);
  if (sorted.length > count) throw new RangeError(`${sorted.length} ids are more than ${count} numbers`);
  const own = (id: string) => createHash("sha256").update(id).digest().readUInt32BE(0) % count;

  const taken = new Map<number, string>();
  const displaced = sorted.filter((id) => {
    if (taken.has(own(id))) return true;
    taken.set(own(id), id);
    return false;
  });
  for (const id of displaced) {
    let offset = own(id);
    while (taken.has(offset)) offset = (offset + 1) % count;
    taken.set(offset, id);
  }
  return new Map([...taken].map(([offset, id]) => [id, first + offset]));
}
