import { type Paint, type Style, columnsOf, printProgress } from "./text.ts";

/** Return how many columns a table on stdout may take: those of its terminal, or any number in a pipe. */
export const stdoutColumns = (): number => columnsOf(process.stdout) ?? Infinity;

/** A cell of a table, of several lines perhaps; a style is for the whole cell. */
export type Cell = string | { readonly text: string; readonly style: Style };

const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);

const GAP = 2;
/** Longer words, such as digests, may be broken. */
const LONGEST_WORD = 24;

/** After blanks and signs, but not inside a number, a date or an address of numbers. */
const BREAKS = /(?<=\s)(?=\S)|(?<=[/.,:=-])(?<!\d[.,:-](?=\d))(?=[^\s/.,:=-])/u;

/** Return a text as lines of so many characters, broken after blanks and signs where there are any. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of text.split(BREAKS)) {
    let rest = piece;
    while (line.length + rest.trimEnd().length > width) {
      // A piece that fits nowhere is broken where it is, unless that would leave hardly any of it here.
      const room = rest.trimEnd().length > width && line.length <= width / 2 ? width - line.length : 0;
      const full = (line + rest.slice(0, room)).trimEnd();
      if (full !== "") lines.push(full);
      [line, rest] = ["", rest.slice(room)];
    }
    line += rest;
  }
  return [...lines, line.trimEnd()];
}

/** Of any number, which arguments of a function cannot be. */
const largestOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);
const longestOf = (texts: readonly string[]): number => largestOf(texts.map((text) => text.length));

const longestWord = (text: string): number =>
  Math.min(LONGEST_WORD, longestOf(text.split(BREAKS).map((piece) => piece.trim())));

type Grid = readonly (readonly string[])[];

/** What may be taken from each column: first only its heading gets lines of its own, then its cells. */
function limitsOf(
  headings: readonly string[],
  body: Grid,
): { readonly widest: number[]; readonly least: number[][] } {
  const linesOf = headings.map((_, column) => body.flatMap((row) => (row[column] ?? "").split("\n")));
  const cells = linesOf.map(longestOf);
  const heads = headings.map(longestWord);
  const words = linesOf.map((lines) => largestOf(lines.map(longestWord)));
  return {
    widest: headings.map((heading, column) => Math.max(heading.length, cells[column] ?? 0)),
    least: [cells, words].map((least) => least.map((width, column) => Math.max(width, heads[column] ?? 0))),
  };
}

const totalOf = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);

/** As wide as the widest cell, and then the widest columns narrower until all of them fit; undefined if words would have to be broken. */
function columnWidths(headings: readonly string[], body: Grid, columns: number): number[] | undefined {
  const { widest: widths, least } = limitsOf(headings, body);
  for (const limits of least) {
    while (totalOf(widths) > columns) {
      const spare = widths.map((width, column) => (width > (limits[column] ?? 0) ? width : 0));
      const widest = Math.max(...spare);
      if (widest === 0) break;
      widths[spare.indexOf(widest)] = widest - 1;
    }
  }
  return totalOf(widths) <= columns ? widths : undefined;
}

/**
 * Return rows under headings that fit into so many columns. Where the terminal is too narrow, columns without any text are left out and
 * longer cells go on in further lines; if words would have to be broken, each row becomes a list of headings and values. A style is
 * seen on a terminal that `paint` is for.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  { columns = Infinity, paint = (_style, text) => text }: { columns?: number; paint?: Paint } = {},
): string {
  const body = rows.map((row) => row.map(textOf));
  const whole = limitsOf(headings, body).widest;
  if (totalOf(whole) <= columns) return printTable(headings, rows, whole, paint);
  const kept = headings.flatMap((_, column) => (body.some((row) => row[column]) ? [column] : []));
  const pick = <T>(row: readonly T[]): T[] => row.filter((_, column) => kept.includes(column));
  const [left, cells] = [pick(headings), rows.map(pick)];
  const widths = columnWidths(left, body.map(pick), columns);
  return widths ? printTable(left, cells, widths, paint) : printLists(left, cells, columns, paint);
}

function printTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  widths: readonly number[],
  paint: Paint,
): string {
  const rule = widths.map((width) => "─".repeat(width)).join(" ".repeat(GAP));
  const [head = "", ...body] = [headings, ...rows].map((row) => printRow(row, widths, paint));
  return `${[head, rule, ...body].join("\n")}\n`;
}

/** Each row as lines of heading and value, with an empty line between two rows. */
function printLists(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  columns: number,
  paint: Paint,
): string {
  const label = longestOf(headings);
  const widths = [label, Math.max(columns - label - GAP, LONGEST_WORD)];
  const lists = rows.map((row) =>
    headings
      .flatMap((heading, column) => {
        const cell = row[column] ?? "";
        return textOf(cell) === "" ? [] : [`${printRow([heading, cell], widths, paint)}\n`];
      })
      .join(""),
  );
  return lists.join("\n");
}

function printRow(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const wrapped = row.map((cell, column) =>
    textOf(cell)
      .split("\n")
      .flatMap((line) => wrapText(line, widths[column] ?? Infinity)),
  );
  const height = largestOf(wrapped.map((lines) => lines.length));
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

type Pair = readonly [key: string, value: string];

/**
 * Print what Pulumi prints as keys and values, in its way. On a terminal each takes one line: of a longer value only the beginning is
 * shown, and `whole` is the command that shows all of it.
 */
export function printPairs(
  headings: Pair,
  pairs: readonly Pair[],
  { margin = "", whole }: { readonly margin?: string; readonly whole: string },
): void {
  const width = longestOf([headings, ...pairs].map(([key]) => key));
  const room = Math.max(stdoutColumns() - margin.length - width - GAP, LONGEST_WORD);
  const lines = [headings, ...pairs].map(([key, value]) => {
    const shown = value.length > room ? `${value.slice(0, room - 1)}…` : value;
    return `${margin}${key.padEnd(width)}${" ".repeat(GAP)}${shown}\n`;
  });
  process.stdout.write(lines.join(""));
  if (pairs.some(([, value]) => value.length > room)) {
    printProgress(`Where a line ends in …, npx masumi-agents ${whole} shows all of it.`);
  }
}
