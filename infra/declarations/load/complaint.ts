import { printable } from "../../../providers/common/printable.ts";

/** One mistake in a declaration. `line` and `column` count from 1; `file` is relative to the project's root. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong, on one line. */
  readonly message: string;
  /** How to correct it, on one line. */
  readonly remedy?: string;
}

/**
 * Returns a complaint about a place. Both texts may quote the file, which anybody may have written, so what would end the line
 * or command a terminal is shown escaped.
 */
export function complaintAt(
  place: Pick<Complaint, "file" | "line" | "column">,
  message: string,
  remedy?: string,
): Complaint {
  return { ...place, message: printable(message), ...(remedy ? { remedy: printable(remedy) } : {}) };
}

/** Returns `agents/x.yaml:3:7: what is wrong, how to correct it`, which editors and CI turn into a link. */
export function formatComplaint({ file, line, column, message, remedy }: Complaint): string {
  return `${printable(file)}:${line}:${column}: ${message}${remedy ? `, ${remedy}` : ""}`;
}

/**
 * Returns complaints, each as `formatComplaint` does. What is wrong with several agents alike, such as a setting that the stack lacks, is
 * said once, and below it stand the other places.
 */
export function formatComplaints(complaints: readonly Complaint[]): string {
  const alike = Map.groupBy(complaints, ({ message, remedy }) => JSON.stringify([message, remedy]));
  const texts = [...alike.values()].map(([first, ...others]) => {
    const also = others.map(({ file, line, column }) => `${printable(file)}:${line}:${column}`).join(", ");
    return `${first ? formatComplaint(first) : ""}${also && `\n  also ${also}`}`;
  });
  return texts.join("\n");
}

/** Sorts by file and position, and removes duplicates that come from several stacks' variants of a file: the first remains. */
export function sortComplaints(complaints: readonly Complaint[]): Complaint[] {
  const distinct = new Map<string, Complaint>();
  for (const complaint of complaints) {
    const { remedy: _remedy, ...wrong } = complaint;
    const key = formatComplaint(wrong);
    if (!distinct.has(key)) distinct.set(key, complaint);
  }
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
    super(`DECLARATIONS_INVALID: nothing was changed.\n${formatComplaints(complaints)}`);
    this.complaints = complaints;
  }
}
