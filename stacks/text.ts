/** `1 agent`, `2 agents` */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** C0 and C1 controls, and what some terminals take for a line's end or for a change of direction. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** A text of the registry on one line: anybody may have written it, so nothing in it commands a terminal. */
export const printable = (text: string): string =>
  text.replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Output for programs: JSON, and nothing else on stdout. */
export const printJson = (value: unknown): void =>
  void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
