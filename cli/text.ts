import { styleText } from "node:util";

/** `1 agent`, `2 agents` */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Return a long identifier as its first and last characters: `fa12fbf5…7e32`. */
export const shorten = (text: string, head: number, tail: number): string =>
  text.length > head + tail + 1 ? `${text.slice(0, head)}…${text.slice(-tail)}` : text;

/** Write one line of progress on stderr: stdout is the result's alone. */
export const printProgress = (line: string): void => void process.stderr.write(`${line}\n`);

/** Write output for programs: JSON, and nothing else on stdout. */
export const printJson = (value: unknown): void =>
  void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

type Style = Parameters<typeof styleText>[0];

/** Puts a style on a text where it will be seen: on a terminal, and not with NO_COLOR. */
export type Paint = (style: Style, text: string) => string;

export const paintFor =
  (stream: NodeJS.WriteStream): Paint =>
  (style, text) =>
    styleText(style, text, { stream });

/** Return rows under headings, columns as wide as their widest cell. A cell may have several lines. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const grid = [headings, ...rows].map((row) => row.map((cell) => cell.split("\n")));
  const widths = headings.map((_, column) =>
    Math.max(...grid.map((row) => Math.max(...(row[column] ?? [""]).map((line) => line.length)))),
  );
  const lines = grid.flatMap((row, index) => {
    const height = Math.max(...row.map((cell) => cell.length));
    const printed = Array.from({ length: height }, (_, line) =>
      row
        .map((cell, column) => (cell[line] ?? "").padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
    const rule = widths.map((width) => "─".repeat(width)).join("  ");
    return index === 0 ? [...printed, rule] : printed;
  });
  return `${lines.join("\n")}\n`;
}
