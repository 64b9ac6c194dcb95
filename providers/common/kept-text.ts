/* What the registry and the chain cannot keep in a text, however short it is. */

/** What one text of a transaction's metadata may have at most on Cardano, in bytes of UTF-8. */
export const LARGEST_METADATUM = 64;

export const bytesOf = (text: string): number => Buffer.byteLength(text, "utf8");

interface Kept {
  /** Whether the text may have several lines. */
  readonly lines?: boolean;
}

/**
 * Returns what is in a text that must not be: a control character (the payment service fails on some of them, and others
 * would command the terminals of all who read the registry), or half of a surrogate pair. Undefined if there is nothing.
 */
export function unkept(text: string, { lines = false }: Kept = {}): string | undefined {
  if (/\p{Surrogate}/u.test(text)) return "half of a character (a lone surrogate)";
  const [control] = /\p{Cc}/u.exec(lines ? text.replaceAll("\n", "") : text) ?? [];
  if (control === undefined) return undefined;
  if (control === "\n" || control === "\r") return "a line break";
  return `the control character U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
