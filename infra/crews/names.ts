import { createHash } from "node:crypto";

const HASH_DIGITS = 8;

const hashOf = (parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, HASH_DIGITS);

const readable = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

/**
 * Returns a name of at most `max` characters for resources with short names on AWS (a target group: 32): lower-case letters,
 * digits and single hyphens. It ends in a hash of all parts, so long ids with the same beginning do not clash; the first
 * part stays readable as far as there is room.
 */
export function boundedName(max: number, ...parts: readonly [string, ...string[]]): string {
  const room = max - HASH_DIGITS - 1;
  const prefix = readable(parts[0]).slice(0, Math.max(0, room)).replace(/-+$/, "");
  return prefix ? `${prefix}-${hashOf(parts)}` : hashOf(parts);
}
