import { checksOf } from "../doctor/checks.ts";
import { type Finding, type Status, runChecks } from "../doctor/finding.ts";
import type { Project } from "../../stacks/project.ts";
import { printable } from "../../providers/common/printable.ts";
import { stdoutColumns, wrapText } from "../table.ts";
import { type Paint, count, paintFor, print, printJson } from "../text.ts";

export interface DoctorFlags {
  readonly stack: string;
  readonly json?: boolean;
}

/** `doctor`: checks everything that an up needs, and says how to fix what is wrong. Exit code 1 when a check fails. */
export async function doctor(project: Project, flags: DoctorFlags): Promise<number> {
  const { stack, json } = flags;
  const findings = await runChecks(checksOf(project, stack), (waiting) =>
    print(`Still checking: ${waiting.join(", ")} …\n`, process.stderr),
  );
  const isFit = !findings.some(({ status }) => status === "fail");
  if (json) {
    const checks = findings.map(({ remedy, ...finding }) => ({ ...finding, remedy: remedy || null }));
    printJson({ version: 1, stack, ok: isFit, checks });
  } else {
    print(doctorText(findings, paintFor(process.stdout)));
  }
  return isFit ? 0 : 1;
}

const STYLES: Readonly<Record<Status, Parameters<Paint>[0]>> = {
  ok: "green",
  warn: "yellow",
  fail: "red",
  skip: "dim",
};

const STATUS_WIDTH = 4;
const GAP = 2;
/** In a narrower terminal, lines are broken by the terminal. */
const LEAST_TEXT = 30;

/** What could not be checked for one and the same reason, as one finding at the place of the first. */
function together(findings: readonly Finding[]): Finding[] {
  const skipped = Map.groupBy(
    findings.filter(({ status }) => status === "skip"),
    ({ message }) => message,
  );
  return findings.flatMap((finding) => {
    const others = finding.status === "skip" ? (skipped.get(finding.message) ?? []) : [];
    if (others.length <= 1) return [finding];
    if (others[0] !== finding) return [];
    const names = others.map(({ check }) => check).join(", ");
    return [{ ...finding, check: `${others.length} checks`, message: `${finding.message}: ${names}` }];
  });
}

function doctorText(all: readonly Finding[], paint: Paint): string {
  const findings = together(all);
  const width = Math.max(...findings.map(({ check }) => check.length));
  const margin = STATUS_WIDTH + GAP + width + GAP;
  const lines = findings.map(({ check, status, message, remedy }) => {
    const todo = remedy && `\n${" ".repeat(margin)}-> ${indent(remedy, margin + "-> ".length)}`;
    const label = paint(STYLES[status], status.padEnd(STATUS_WIDTH));
    return `${label}  ${check.padEnd(width)}  ${indent(message, margin)}${todo}\n`;
  });
  return `${lines.join("")}\n${tally(all)}\n`;
}

/** Messages may list things on lines of their own, and keep to the width of the terminal. */
const indent = (message: string, blanks: number) =>
  message
    .split("\n")
    .flatMap((line) => wrapText(printable(line), Math.max(stdoutColumns() - blanks, LEAST_TEXT)))
    .join(`\n${" ".repeat(blanks)}`);

function tally(findings: readonly Finding[]): string {
  const number = (status: Status) => findings.filter((finding) => finding.status === status).length;
  const skipped = number("skip") > 0 ? `, ${number("skip")} not checked` : "";
  return `${number("ok")} ok, ${count(number("warn"), "warning")}, ${count(number("fail"), "failure")}${skipped}.`;
}
