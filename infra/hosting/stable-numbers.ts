import { createHash } from "node:crypto";

/** Numbers to be given out: `count` of them, from `first` on. */
export interface NumberRange {
  readonly first: number;
  readonly count: number;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * A number of its own for each id, without a record of earlier runs: on another machine it is the same. An id's number
 * follows from the id; where ids clash, the first of them in the alphabet keeps it and the others take the next
 * free one. So ids that come or go leave every number alone but those of ids that clash with them.
 *
 * @throws RangeError when there are more ids than numbers
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
