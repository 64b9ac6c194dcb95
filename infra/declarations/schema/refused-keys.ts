import { GROUPS } from "./crewai-keys.ts";
import type { KeyGroup, Place } from "./key-group.ts";

/** Why a key is refused, and what to do instead. */
export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

const groupOf = (where: string, key: string) => GROUPS[where]?.find(({ keys }) => keys.includes(key));

/** Returns why `key` is refused in a map, or undefined if it is merely unknown; `*` in `where` is any name or index. */
export function refusal(where: string, key: string, value: unknown, place: Place): Refusal | undefined {
  const group = groupOf(where, key);
  if (!group) return undefined;
  const { reason, remedy } = group;
  return { reason, remedy: typeof remedy === "string" ? remedy : remedy(key, value, place) };
}

/** Returns whether a key that is otherwise refused changes nothing with this value. */
export function changesNothing(where: string, key: string, value: unknown, place: Place): boolean {
  const group = groupOf(where, key);
  if (!group) return false;
  const written = JSON.stringify(asCrewAiReads(value));
  if (group.taken.some((taken) => JSON.stringify(taken) === written)) return true;
  const { types, when } = group.sometimes ?? {};
  const isOfType = types?.some((type) => type === typeof value) ?? false;
  return isOfType && value !== null && (when?.(key, value, place) ?? true);
}

/** CrewAI reads its files as YAML 1.1, where these words are not texts. */
const asCrewAiReads = (value: unknown): unknown =>
  typeof value !== "string" ? value : /^(no|off)$/i.test(value) ? false : /^(yes|on)$/i.test(value) || value;

/** Returns the keys of a map that are taken with certain values, and otherwise refused. */
export const takenKeys = (where: string): readonly Omit<KeyGroup, "remedy">[] =>
  (GROUPS[where] ?? []).filter(({ taken, sometimes }) => taken.length > 0 || sometimes);
