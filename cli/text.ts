import { stripVTControlCharacters, styleText } from "node:util";

/** `1 agent`, `2 agents` */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Return a long identifier as its first and last characters: `fa12fbf5…7e32`. */
export const shorten = (text: string, head: number, tail: number): string =>
  text.length > head + tail + 1 ? `${text.slice(0, head)}…${text.slice(-tail)}` : text;

/** Return how many columns a terminal has; undefined of a pipe, and of a terminal that does not say, which has 0. */
export const columnsOf = ({ columns }: Pick<NodeJS.WriteStream, "columns">): number | undefined =>
  columns || undefined;

/** Write text for people: its lines keep to the terminal, and in a pipe are as they are. `hang` is as of `keepToWidth`. */
export const print = (text: string, stream: NodeJS.WriteStream = process.stdout, hang?: string): void =>
  void stream.write(keepToWidth(text, columnsOf(stream), hang));

/** Write one line of progress on stderr: stdout is the result's alone. */
export const printProgress = (line: string): void => print(`${line}\n`, process.stderr);

/** Write output for programs: JSON, and nothing else on stdout. */
export const printJson = (value: unknown): void =>
  void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

export type Style = Parameters<typeof styleText>[0];

/** Puts a style on a text where it will be seen: on a terminal, and not with NO_COLOR. */
export type Paint = (style: Style, text: string) => string;

export const paintFor =
  (stream: NodeJS.WriteStream): Paint =>
  (style, text) =>
    styleText(style, text, { stream });

/** A line that is to be copied into a shell, as it is. */
const COMMAND = /^\s+(?:\$|npx|npm|cd|git|gh|pulumi) /;

/**
 * Return a text whose lines are broken at blanks where they are longer than so many columns, each with its own margin and after that
 * `hang`. What is to be copied stays whole: a long word, such as an address, and a command.
 */
export const keepToWidth = (text: string, columns = Infinity, hang = ""): string =>
  text
    .split("\n")
    .map((line) => (widthOf(line) <= columns || COMMAND.test(line) ? line : foldLine(line, columns, hang)))
    .join("\n");

/** Colours take no place. */
const widthOf = (text: string): number => stripVTControlCharacters(text).length;

function foldLine(line: string, columns: number, hang: string): string {
  const [margin = ""] = /^\s*/.exec(line) ?? [];
  const lines: string[] = [];
  let current = margin;
  let isEmpty = true;
  // Blanks inside, as between columns, stay where they are.
  for (const [, blanks = "", word = ""] of line.slice(margin.length).matchAll(/(\s*)(\S+)/g)) {
    if (isEmpty || widthOf(current) + blanks.length + widthOf(word) <= columns) {
      current += (isEmpty ? "" : blanks) + word;
    } else {
      lines.push(current);
      current = margin + hang + word;
    }
    isEmpty = false;
  }
  return [...lines, current].join("\n");
}
