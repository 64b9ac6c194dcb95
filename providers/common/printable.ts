/** C0 and C1 controls, halves of characters, and what some terminals take for a line's end or for a change of direction. */
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Return a text from outside on one line: anybody may have written it, so nothing in it commands a terminal. */
export const printable = (text: string): string =>
  text.replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Return a text whose lines are ours, and whose other characters may be anybody's. */
export const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");
