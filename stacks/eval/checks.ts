import type { Evaluation } from "../../infra/declarations/index.ts";
import type { CheckOutcome } from "../../infra/fleet/index.ts";
import type { TryEnd } from "../try/events.ts";
import type { Judge } from "./judge.ts";

type Completed = Extract<TryEnd, { event: "completed" }>;
type Checks = Evaluation["checks"];

/** A schema's validator quotes all of a result that is nothing like it, and a judge says what it likes. */
const LONGEST_SAID = 2000;

/** Return what holds of a job that ended, check by check; of one without a result only that. */
export async function checkEnd(checks: Checks, end: TryEnd, judge: Judge): Promise<CheckOutcome[]> {
  const outcomes = await allOutcomes(checks, end, judge);
  return outcomes.map((outcome) => ({ ...outcome, said: shortened(outcome.said) }));
}

const shortened = (text: string): string =>
  text.length <= LONGEST_SAID ? text : `${text.slice(0, LONGEST_SAID)} …`;

async function allOutcomes(checks: Checks, end: TryEnd, judge: Judge): Promise<CheckOutcome[]> {
  if (end.event !== "completed") return [{ check: "job", passed: false, said: withoutResult(end) }];
  return [
    ...(checks.contains ?? []).map((text) => contains(end, text)),
    ...(checks.jsonSchema ? [followsSchema(end)] : []),
    ...(checks.maxTokens === undefined ? [] : [atMost("maxTokens", end.tokens, checks.maxTokens)]),
    ...(checks.maxSeconds === undefined ? [] : [atMost("maxSeconds", end.seconds, checks.maxSeconds)]),
    ...(await Promise.all((checks.judge ?? []).map((question) => judge(question, end.result)))),
  ];
}

function withoutResult(end: Exclude<TryEnd, Completed>): string {
  if (end.event === "cancelled") return "The job was cancelled.";
  if (end.event === "refused") return `The job cannot start: ${end.problems.join("; ")}`;
  const detail = end.report.exception ?? end.report.detail ?? end.message;
  return `The job failed with ${end.failure}: ${detail}`;
}

function contains({ result }: Completed, text: string): CheckOutcome {
  const passed = result.toLowerCase().includes(text.toLowerCase());
  return { check: "contains", passed, said: `${passed ? "contains" : "does not contain"} "${text}"` };
}

function followsSchema({ schema_problem: problem }: Completed): CheckOutcome {
  const passed = problem === null || problem === undefined;
  return { check: "jsonSchema", passed, said: passed ? "follows the schema" : problem };
}

function atMost(check: "maxTokens" | "maxSeconds", found: number, most: number): CheckOutcome {
  const unit = check === "maxTokens" ? "tokens" : "s";
  return { check, passed: found <= most, said: `${found} ${unit} of at most ${most}` };
}
