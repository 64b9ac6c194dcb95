import { checksOf } from "../doctor/checks.ts";
import { type Finding, type Status, runChecks } from "../doctor/finding.ts";
import type { Project } from "../../stacks/project.ts";
import { printable, printableLines } from "../../providers/common/printable.ts";
import { type Paint, count, paintFor, printJson } from "../text.ts";

export interface DoctorFlags {
  readonly stack: string;
  readonly json?: boolean;
}

/** `doctor`: checks everything that an up needs, and says how to fix what is wrong. Exit code 1 when a check fails. */
export async function doctor(project: Project, flags: DoctorFlags): Promise<number> {
  const { stack, json } = flags;
  const findings = await runChecks(checksOf(project, stack), (waiting) =>
    process.stderr.write(`Still checking: ${waiting.join(", ")} …\n`),
  );
  const isFit = !findings.some(({ status }) => status === "fail");
  if (json) {
    const checks = findings.map(({ remedy, ...finding }) => ({ ...finding, remedy: remedy || null }));
    printJson({ version: 1, stack, ok: isFit, checks });
  } else {
    process.stdout.write(doctorText(findings, paintFor(process.stdout)));
  }
  return isFit ? 0 : 1;
}

const STYLES: Readonly<Record<Status, Parameters<Paint>[0]>> = {
  ok: "green",
  warn: "yellow",
  fail: "red",
  skip: "dim",
};

function doctorText(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, status, message, remedy }) => {
    const todo = remedy && `\n      ${" ".repeat(width)}  -> ${printable(remedy)}`;
    return `${paint(STYLES[status], status.padEnd(4))}  ${check.padEnd(width)}  ${indent(message, width + 8)}${todo}\n`;
  });
  return `${lines.join("")}\n${tally(findings)}\n`;
}

/** Messages may list things on lines of their own. */
const indent = (message: string, blanks: number) =>
  printableLines(message).replaceAll("\n", `\n${" ".repeat(blanks)}`);

function tally(findings: readonly Finding[]): string {
  const number = (status: Status) => findings.filter((finding) => finding.status === status).length;
  const skipped = number("skip") > 0 ? `, ${number("skip")} not checked` : "";
  return `${number("ok")} ok, ${count(number("warn"), "warning")}, ${count(number("fail"), "failure")}${skipped}.`;
}
