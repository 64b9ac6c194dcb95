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

/** Return how many columns a table on stdout may take: those of its terminal, or any number in a pipe. */
export const stdoutColumns = (): number => process.stdout.columns ?? Infinity;

/** A cell of a table, of several lines perhaps; a style is for the whole cell. */
export type Cell = string | { readonly text: string; readonly style: Style };

const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);

const GAP = 2;
/** Below this a column is not made narrower. */
const NARROWEST = 6;

/** Return a text as lines of so many characters, broken after blanks and signs where there are any. */
export function wrapText(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const room = text.slice(0, width + 1);
  const blank = room.lastIndexOf(" ");
  const sign =
    Math.max(...["/", ".", ",", "-", ":", "="].map((one) => text.slice(0, width).lastIndexOf(one))) + 1;
  const end = blank > 0 ? blank : sign > width / 2 ? sign : width;
  return [text.slice(0, end), ...wrapText(text.slice(end).trimStart(), width)];
}

/** As wide as the widest cell, and then the widest columns narrower until all of them fit. */
function columnWidths(grid: readonly (readonly string[])[], columns: number): number[] {
  const widths = (grid[0] ?? []).map((_, column) =>
    Math.max(...grid.flatMap((row) => (row[column] ?? "").split("\n").map((line) => line.length))),
  );
  const excess = () => widths.reduce((sum, width) => sum + width + GAP, -GAP) - columns;
  while (excess() > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

/**
 * Return rows under headings that fit into so many columns: longer cells go on in further lines. A style is seen on a terminal that
 * `paint` is for.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  { columns = Infinity, paint = (_style, text) => text }: { columns?: number; paint?: Paint } = {},
): string {
  const grid: (readonly Cell[])[] = [headings, ...rows];
  const widths = columnWidths(
    grid.map((row) => row.map(textOf)),
    columns,
  );
  const printed = grid.map((row) => printRow(row, widths, paint));
  const rule = widths.map((width) => "─".repeat(width)).join(" ".repeat(GAP));
  const [head = "", ...body] = printed;
  return `${[head, rule, ...body].join("\n")}\n`;
}

function printRow(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const wrapped = row.map((cell, column) =>
    textOf(cell)
      .split("\n")
      .flatMap((line) => wrapText(line, widths[column] ?? Infinity)),
  );
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const used = wrapped.findLastIndex((lines) => (lines[line] ?? "") !== "");
    return row
      .slice(0, used + 1)
      .map((cell, column) => {
        const text = wrapped[column]?.[line] ?? "";
        // Padding is not painted, and the last column has none.
        const padding = column === used ? "" : " ".repeat(Math.max(0, (widths[column] ?? 0) - text.length));
        return `${typeof cell === "string" || text === "" ? text : paint(cell.style, text)}${padding}`;
      })
      .join(" ".repeat(GAP));
  }).join("\n");
}
