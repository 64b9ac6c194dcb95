import { type Complaint, formatComplaints } from "../../infra/declarations/index.ts";
import { complaintsDocument } from "../../stacks/documents.ts";
import { count, print, printJson } from "../text.ts";

/**
 * Prints complaints (editors and CI read `file:line:column: …`) and returns exit code 1. The document also has `problems` of the
 * stack, of which a person has read already.
 */
export function printComplaints(
  complaints: readonly Complaint[],
  json: boolean,
  problems: readonly string[] = [],
): number {
  if (json) {
    printJson({ ...complaintsDocument(complaints), ...(problems.length > 0 ? { problems } : {}) });
    return 1;
  }
  const files = new Set(complaints.map(({ file }) => file)).size;
  print(`${formatComplaints(complaints)}\n`, process.stderr, "  ");
  print(`\n${count(complaints.length, "complaint")} in ${count(files, "file")}.\n`, process.stderr);
  return 1;
}
