import type { Agent, Evaluation } from "../../infra/declarations/index.ts";
import type { EvalRecord, Evaluated } from "../../infra/fleet/index.ts";
import type { TryEnd, TryEvent } from "../try/events.ts";
import type { TriedModel } from "../try/model.ts";
import type { TryListener } from "../try/try-process.ts";
import { checkEnd } from "./checks.ts";
import type { DoesJobs } from "./runtimes.ts";
import { judgeOf } from "./judge.ts";

/** An agent whose files are in place, and what its evaluations need. */
export interface AgentToEvaluate {
  readonly agent: Agent;
  /** The path of crew.json. */
  readonly declaration: string;
  readonly stack: string;
  /** What its record is about: WhatRuns.evalDigest. */
  readonly digest: string;
  readonly model: TriedModel;
  readonly runtime: DoesJobs;
  /** Fit what an evaluation enters to the form, as `try` does with what people enter. */
  fit(
    agent: Agent,
    inputs: Readonly<Record<string, unknown>>,
  ): { readonly input: Readonly<Record<string, unknown>>; readonly problems: readonly string[] };
  /** Hear of each evaluation that ended. */
  onEvaluated?(evaluated: Evaluated): void;
  readonly signal: AbortSignal;
}

/**
 * Do the jobs of an agent's evaluations, as many side by side as the runtimes take, and return what came of them in the order in which they
 * are declared. Aborting ends the jobs that are under way; what is returned then has no meaning.
 *
 * @throws UserError when the crew runtime ends by itself
 */
export async function evaluateAgent(given: AgentToEvaluate): Promise<EvalRecord> {
  const { agent, stack, digest, model, signal } = given;
  const evals = await Promise.all(
    (agent.evals ?? []).map(async (evaluation) => {
      const evaluated = await evaluateOnce(evaluation, given);
      if (!signal.aborted) given.onEvaluated?.(evaluated);
      return evaluated;
    }),
  );
  const api = model.isStub ? null : model.api;
  const time = new Date().toISOString();
  return { version: 1, agent: agent.id, stack, digest, model: { api, name: nameOf(given) }, time, evals };
}

const nameOf = ({ agent, model }: AgentToEvaluate): string => agent.model.name ?? model.name;

async function evaluateOnce(evaluation: Evaluation, given: AgentToEvaluate): Promise<Evaluated> {
  const { model, signal } = given;
  const { name, checks } = evaluation;
  const end = await doJob(evaluation, given);
  const outcomes = await checkEnd(checks, end, judgeOf(model, nameOf(given), signal));
  const { tokens, seconds } = "tokens" in end ? end : { tokens: 0, seconds: 0 };
  // What the stub model cannot judge is left open, and up knows that it was the stub.
  const passed = outcomes.every((outcome) => outcome.passed !== false);
  return { name, passed, tokens, seconds, checks: outcomes };
}

async function doJob({ inputs, answers, checks }: Evaluation, given: AgentToEvaluate): Promise<TryEnd> {
  const { agent, declaration, model, runtime, signal } = given;
  const { input, problems } = given.fit(agent, inputs);
  if (problems.length > 0) return { event: "refused", problems: [...problems] };
  const { api, key, name } = model;
  const job = { declaration, input, model: { api, key, name }, schema: checks.jsonSchema };
  const listener = new Answers(answers);
  const end = await runtime.run(job, listener, signal);
  const { unanswered } = listener;
  if (end.event !== "cancelled" || unanswered === undefined || signal.aborted) return end;
  return { event: "refused", problems: [`the crew asks what no answer is declared for: ${unanswered}`] };
}

/** Answers what the crew asks by what is declared, and accepts every draft for which nothing is. */
class Answers implements TryListener {
  readonly #left: string[];
  /** The question that ended the job. */
  unanswered: string | undefined;

  constructor(answers: readonly string[]) {
    this.#left = [...answers];
  }

  onEvent(): void {
    // What happens in the job is told by its end.
  }

  answer({ prompt, is_draft: isDraft }: Extract<TryEvent, { event: "asked" }>): Promise<string | undefined> {
    const answer = this.#left.shift() ?? (isDraft ? "" : undefined);
    if (answer === undefined) this.unanswered = prompt;
    return Promise.resolve(answer);
  }
}
