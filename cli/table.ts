/** Prints rows under headings, columns as wide as their widest cell. A cell may have several lines. */
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
