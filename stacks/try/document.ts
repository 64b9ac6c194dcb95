import type { TryEnd } from "./events.ts";
import type { TriedModel } from "./model.ts";

/** What `try --json` prints; docs/outputs.md describes it. */
export function tryDocument(agentId: string, stack: string, { api, isStub }: TriedModel, end: TryEnd) {
  const ran = end.event === "completed" || end.event === "failed";
  const failed = end.event === "failed" ? end : undefined;
  return {
    version: 1,
    agent: agentId,
    stack,
    model: { api: isStub ? null : api, isStub },
    outcome: end.event === "completed" ? ("result" as const) : end.event,
    result: end.event === "completed" ? end.result : null,
    failure: failed ? { code: failed.failure, message: failed.message, report: failed.report } : null,
    problems: end.event === "refused" ? end.problems : [],
    usage: ran ? { modelCalls: end.model_calls, tokens: end.tokens, seconds: end.seconds } : null,
  };
}
