import { printable } from "../../providers/common/printable.ts";
import type { CheckOutcome, Evaluated } from "../../infra/fleet/index.ts";
import type { EvaluatedAgent } from "../../stacks/eval/document.ts";
import { formatTable, stdoutColumns } from "../table.ts";
import { count, paintFor } from "../text.ts";

const HEADINGS = ["agent", "evaluation", "outcome", "checks", "tokens", "seconds"];

/** Return how agents did as a table that fits the terminal. */
export function evalTable(agents: readonly EvaluatedAgent[]): string {
  const rows = agents.flatMap(({ record, isEarlier }) =>
    record.evals.map((one) => [
      record.agent,
      printable(one.name),
      outcomeOf(one, isEarlier),
      checksOf(one),
      String(one.tokens),
      one.seconds.toFixed(1),
    ]),
  );
  const table = formatTable(HEADINGS, rows, { columns: stdoutColumns(), paint: paintFor(process.stdout) });
  return `${table}${summaryOf(agents)}\n`;
}

function outcomeOf({ passed }: Evaluated, isEarlier: boolean) {
  const text = `${passed ? "passed" : "failed"}${isEarlier ? " before" : ""}`;
  return { text, style: passed ? ("green" as const) : ("red" as const) };
}

/** What failed, or was left open; else how many held. */
function checksOf({ checks }: Evaluated): string {
  const open = checks.filter(({ passed }) => passed !== true);
  const held = checks.length - open.length;
  return [...open.map(checkText), ...(open.length === 0 ? [`${held} of ${checks.length}`] : [])].join("\n");
}

const checkText = ({ check, said }: CheckOutcome): string => printable(`${check}: ${said}`);

function summaryOf(agents: readonly EvaluatedAgent[]): string {
  const all = agents.flatMap(({ record }) => record.evals);
  const passed = all.filter((one) => one.passed).length;
  const stub = agents.some(({ record }) => record.model.api === null);
  return (
    `${passed} of ${count(all.length, "evaluation")} passed` +
    (stub ? ", with the stub model, which only quotes what it is asked." : ".")
  );
}

/** Return one evaluation as a line of progress. */
export const evaluatedText = (agentId: string, { name, passed, tokens, seconds }: Evaluated): string =>
  `  ${agentId}, ${printable(name)}: ${passed ? "passed" : "failed"} (${seconds.toFixed(1)} s, ${count(tokens, "token")})`;
