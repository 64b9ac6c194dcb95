import { printable } from "../../providers/common/printable.ts";
import type { TryEnd, TryEvent } from "../../stacks/try/events.ts";
import { failureLines } from "../hire/failure.ts";
import { count } from "../text.ts";

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
      return ["The job cannot start:", ...end.problems.map((problem) => `- ${printable(problem)}`)];
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
