/** C0 and C1 controls but line ends and tabs, and what some terminals take for a line's end or for a change of direction. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** Colours, which tools put into their messages; ours would end with theirs. */
// oxlint-disable-next-line no-control-regex -- it is what begins a colour
const COLOUR = /\u001B\[[\d;]*m/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Return a message of a program or a provider as text that commands no terminal; its lines stay lines. */
export const printableMessage = (message: string): string =>
  message
    .replaceAll(COLOUR, "")
    .replaceAll("\r\n", "\n")
    .replaceAll(UNPRINTABLE, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));

/** Return a simple value as JSON on one line. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(UNPRINTABLE, escaped);
