import { printableLines } from "../../providers/common/printable.ts";
import type { FailureReport } from "../../stacks/try/events.ts";

const LABEL_WIDTH = 10;

const labelled = (label: string, text: string): string[] =>
  printableLines(text)
    .split("\n")
    .map((line, index) => `  ${(index === 0 ? label : "").padEnd(LABEL_WIDTH)}  ${line}`);

/**
 * Return all that is known of a failed job, for its author, as lines. The line of code is shown below `folder`, where the author's own
 * code is.
 */
export function failureLines(report: FailureReport, folder?: string): string[] {
  const { exception, detail, at, task, agent, tool_failure: tool, tool_message: said } = report;
  const lines: [string, string | undefined][] = [
    ["exception", exception ?? detail],
    ["at", at && (folder === undefined ? at : `${folder}/${at}`)],
    ["task", task],
    ["agent", agent],
    ["tool", tool && (said ? `${tool}: ${said}` : tool)],
    ["model API", apiText(report)],
    ...(report.model_answers ?? []).map((text): [string, string] => ["answered", text]),
  ];
  return lines.flatMap(([label, text]) => (text ? labelled(label, text) : []));
}

function apiText({
  model_url: url,
  model_status: status,
  model_message: said,
}: FailureReport): string | undefined {
  if (url === undefined) return undefined;
  return `${status === undefined ? "no answer" : `HTTP ${status}`} from ${url}: ${said ?? ""}`;
}
