import { printable, printableLines } from "../../providers/common/printable.ts";
import type { FailureReport, TryEnd, TryEvent } from "../../stacks/try/events.ts";
import { count } from "../text.ts";

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

/** Return what happens in a job that is tried as a line for people; undefined for what needs none. */
export function tryEventText(event: TryEvent): string | undefined {
  switch (event.event) {
    case "task":
      return `Task ${printable(event.task || "without a name")} ...`;
    case "tool_failed":
      return `  A tool failed: ${printable(event.tool_failure)}: ${printable(event.tool_message)}`;
    case "model_called":
      return `  ${count(event.model_calls, "model call")}, ${count(event.tokens, "token")}`;
    default:
      return undefined;
  }
}

/** Return how a job ended as lines for people, apart from its result. */
export function tryEndLines(end: TryEnd, folder: string | undefined): string[] {
  switch (end.event) {
    case "completed":
      return [`Done in ${end.seconds.toFixed(1)} s: ${usageText(end)}.`];
    case "failed":
      return [
        `Failed with ${end.failure} after ${end.seconds.toFixed(1)} s: ${usageText(end)}.`,
        ...failureLines(end.report, folder),
        `A customer would see the code, and this: ${printable(end.message)}`,
      ];
    case "refused":
      return ["The job cannot begin:", ...end.problems.map((problem) => `- ${printable(problem)}`)];
    case "cancelled":
      break;
  }
  return ["Cancelled."];
}

const usageText = ({
  model_calls: calls,
  tokens,
}: {
  readonly model_calls: number;
  readonly tokens: number;
}) => `${count(calls, "model call")}, ${count(tokens, "token")}`;
