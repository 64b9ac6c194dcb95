import { printable } from "../../providers/common/printable.ts";
import type { EvalsDocument, PlanDocument } from "../../stacks/documents.ts";
import type { Section } from "./runs.ts";

const STATES: Readonly<Record<EvalsDocument["state"], string>> = {
  passed: "passed",
  failed: "failed",
  outdated: "passed or failed before a change",
  "other-model": "with another model",
  committed: "results in git do not count",
  untold: "git does not say whose results",
  none: "not evaluated here",
};

/** How agents stand with their evaluations. */
export const evalsSection = ({ agents }: PlanDocument): Section => ({
  title: "Evaluations",
  headings: ["agent", "as declared", "passed", "what did not", "model"],
  rows: agents.flatMap(({ id, evals }) => (evals ? [[id, STATES[evals.state], ...lastOf(evals)]] : [])),
});

function lastOf({ last }: EvalsDocument): string[] {
  if (!last) return ["", "", ""];
  const passed = last.evals.filter((one) => one.passed).length;
  const failed = last.evals.flatMap(({ name, checks }) =>
    checks.flatMap((one) => (one.passed === false ? [printable(`${name}: ${one.said}`)] : [])),
  );
  const model = last.model.api === null ? "stub" : printable(last.model.name);
  return [`${passed} of ${last.evals.length}`, failed.join("\n"), model];
}
