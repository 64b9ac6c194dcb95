import { type Complaint, formatComplaint } from "../../infra/declarations/index.ts";
import { loadStackAgents } from "../agents.ts";
import type { Project } from "../project.ts";

/** Prints complaints (editors and CI read `file:line:column: …`) and returns exit code 1. */
export function printComplaints(complaints: readonly Complaint[], json: boolean): number {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: false, complaints }, null, 2)}\n`);
    return 1;
  }
  const files = new Set(complaints.map(({ file }) => file)).size;
  process.stderr.write(`${complaints.map(formatComplaint).join("\n")}\n`);
  process.stderr.write(`\n${count(complaints.length, "complaint")} in ${count(files, "file")}.\n`);
  return 1;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** `validate`: exit code 0 when every declaration of the stack is right, else 1. */
export function validate(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean },
): number {
  const { agents, complaints } = loadStackAgents(project, flags.stack);
  if (complaints.length > 0) return printComplaints(complaints, flags.json === true);
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ ok: true, agents: agents.map(({ id, file }) => ({ id, file })) }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(
      `${count(agents.length, "agent")} valid for stack ${flags.stack}: ${agents.map(({ id }) => id).join(", ")}\n`,
    );
  }
  return 0;
}
