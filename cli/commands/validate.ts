import { type Complaint, formatComplaint } from "../../infra/declarations/index.ts";
import { loadStackAgents } from "../../stacks/agents.ts";
import type { Project } from "../../stacks/project.ts";
import { complaintsDocument } from "../../stacks/documents.ts";
import { count, printJson } from "../text.ts";

/** Prints complaints (editors and CI read `file:line:column: …`) and returns exit code 1. */
export function printComplaints(complaints: readonly Complaint[], json: boolean): number {
  if (json) {
    printJson(complaintsDocument(complaints));
    return 1;
  }
  const files = new Set(complaints.map(({ file }) => file)).size;
  process.stderr.write(`${complaints.map(formatComplaint).join("\n")}\n`);
  process.stderr.write(`\n${count(complaints.length, "complaint")} in ${count(files, "file")}.\n`);
  return 1;
}

/** `validate`: exit code 0 when every declaration of the stack is right, else 1. */
export function validate(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean },
): number {
  const { agents, complaints } = loadStackAgents(project, flags.stack);
  if (complaints.length > 0) return printComplaints(complaints, flags.json === true);
  if (flags.json) {
    printJson({ ok: true, agents: agents.map(({ id, file }) => ({ id, file })) });
  } else {
    process.stdout.write(
      `${count(agents.length, "agent")} valid for stack ${flags.stack}: ${agents.map(({ id }) => id).join(", ")}\n`,
    );
  }
  return 0;
}
