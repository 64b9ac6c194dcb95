/** Ignores case, dashes and underscores: `exampleOutputs` and `example_outputs` are the same. */
const folded = (word: string) => word.toLowerCase().replaceAll(/[-_\s]/g, "");

/** Returns how many letters must be added, dropped, replaced or swapped with their neighbour to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(last, j - 1) + Number(a[i - 1] !== b[j - 1]);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? at(beforeLast, j - 2) + 1
          : Infinity;
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;

/** Returns the known word that was probably meant, if one is similar enough (at most about one letter in three differs). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const typed = folded(word);
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(typed, folded(candidate));
    const longest = Math.max(typed.length, candidate.length);
    const limit = longest < 3 ? 0 : Math.max(1, Math.floor(longest / 3));
    if (distance <= limit && (!best || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Returns `did you mean "x"?` if a known word is similar, otherwise the known words. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const words = [...known];
  const near = nearest(word, words);
  if (near) return `did you mean "${near}"?`;
  return words.length > 0 ? `choose from ${words.join(", ")}` : "there is nothing to choose from yet";
}
