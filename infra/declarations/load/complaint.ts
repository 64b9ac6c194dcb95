import { printable } from "../../../providers/common/printable.ts";

/** One mistake in a declaration. `line` and `column` count from 1; `file` is relative to the project's root. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** How to correct it. */
  readonly remedy?: string;
}

/** Returns `agents/x.yaml:3:7: what is wrong, how to correct it` on one line, which editors and CI turn into a link. */
export function formatComplaint({ file, line, column, message, remedy }: Complaint): string {
  return printable(`${file}:${line}:${column}: ${message}${remedy ? `, ${remedy}` : ""}`);
}

/** Sorts by file and position, and removes duplicates that come from several stacks' variants of a file. */
export function sortComplaints(complaints: readonly Complaint[]): Complaint[] {
  const distinct = new Map(complaints.map((complaint) => [formatComplaint(complaint), complaint]));
  return [...distinct.values()].toSorted(
    (a, b) =>
      byText(a.file, b.file) || a.line - b.line || a.column - b.column || byText(a.message, b.message),
  );
}

/** Compares by code units, so the order is the same on every machine, whatever its locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Lists all complaints about declarations that cannot be used. Code DECLARATIONS_INVALID. */
export class DeclarationError extends Error {
  override readonly name = "DeclarationError";
  readonly code = "DECLARATIONS_INVALID";
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(`DECLARATIONS_INVALID: nothing was changed.\n${complaints.map(formatComplaint).join("\n")}`);
    this.complaints = complaints;
  }
}
