import type { Value } from "../values.ts";
import { printableJson } from "./printable.ts";

/** The longest text that a line shows whole. */
const LONGEST = 80;
/** How much of what two long texts have in common is shown before their difference. */
const CONTEXT = 12;

/** What a list or an object is made of; undefined for anything else. */
export function childrenOf(
  value: Value,
): { readonly list: boolean; readonly children: Readonly<Record<string, Value>> } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return { list: Array.isArray(value), children: Object.fromEntries(Object.entries(value)) };
}

export function inline(value: Value): string {
  return value === "[secret]" || value === "[unknown]" ? value : printableJson(value);
}

export const shortened = (text: string): string => excerpt(text, 0);

/** Two texts, shortened to where they differ. */
export function shortenedPair(before: string, after: string): [string, string] {
  if (before.length <= LONGEST && after.length <= LONGEST) return [before, after];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const start = Math.max(0, same - CONTEXT);
  return [excerpt(before, start), excerpt(after, start)];
}

function excerpt(text: string, start: number): string {
  const end = start + LONGEST;
  return `${start === 0 ? "" : "…"}${text.slice(start, end)}${text.length > end ? "…" : ""}`;
}
