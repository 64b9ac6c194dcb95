import type { AssetTable } from "../../declarations/index.ts";
import type { FieldDrift } from "./compare.ts";
import { valueText } from "./value-text.ts";

/** The longest text that is shown whole beside another. */
const LONGEST = 60;
/** How much of what two long texts have in common is shown before their difference. */
const CONTEXT = 12;

/** Returns an on-chain change for people, texts shortened to where they differ. @example `pricing: 3 ADA -> 5 ADA` */
export function changeText({ field, declared, live }: FieldDrift, table: AssetTable): string {
  const [before, after] = shortenedPair(valueText(field, live, table), valueText(field, declared, table));
  return `${field}: ${before} -> ${after}`;
}

/** Returns two versions of a text, each short enough to be read beside the other. */
export function shortenedPair(before: string, after: string): [string, string] {
  if (before.length <= LONGEST && after.length <= LONGEST) return [before, after];
  const start = Math.max(0, firstDifference(before, after) - CONTEXT);
  return [excerpt(before, start), excerpt(after, start)];
}

function firstDifference(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index += 1;
  return index;
}

function excerpt(text: string, start: number): string {
  const head = start === 0 ? "" : "…";
  const tail = text.length > start + LONGEST ? "…" : "";
  return `${head}${text.slice(start, start + LONGEST)}${tail}`;
}
