import { createHash } from "node:crypto";

/** JSON in the canonical form of RFC 8785: members in the order of their names' UTF-16 units, numbers as ECMAScript writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(",")}}`;
}

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/** The hash of a job's input (MIP-004), in lower-case hex. */
export const inputHash = (purchaser: string, input: Readonly<Record<string, unknown>>): string =>
  sha256(`${purchaser};${canonicalJson(input)}`);

/**
 * How results are hashed. `marketplace`: as the network's SDK and marketplace do, the result spelt as a JSON string
 * without its quotes. `mip-004`: as the text of MIP-004 has it, the result as it is. They differ only where a result has
 * a line end, a quote, a backslash or a control character.
 */
export type HashRule = "marketplace" | "mip-004";

/** The rule by which the hash is that of the result; undefined if it is not. */
export function ruleOfResult(purchaser: string, result: string, hash: string): HashRule | undefined {
  const found = hash.toLowerCase();
  if (sha256(`${purchaser};${JSON.stringify(result).slice(1, -1)}`) === found) return "marketplace";
  return sha256(`${purchaser};${result}`) === found ? "mip-004" : undefined;
}
