import type { EvalRecord } from "../../infra/fleet/index.ts";

/** How one agent did, now or when it was last evaluated as it still is. */
export interface EvaluatedAgent {
  readonly record: EvalRecord;
  /** Whether that was before, and nothing has changed since. */
  readonly isEarlier: boolean;
}

export const hasPassed = ({ evals }: EvalRecord): boolean => evals.every(({ passed }) => passed);

/** What `eval --json` prints; docs/outputs.md describes it. */
export function evalDocument(stack: string, agents: readonly EvaluatedAgent[]) {
  return {
    version: 1,
    stack,
    passed: agents.every(({ record }) => hasPassed(record)),
    agents: agents.map(({ record, isEarlier }) => ({
      id: record.agent,
      passed: hasPassed(record),
      digest: record.digest,
      model: { api: record.model.api, name: record.model.name, isStub: record.model.api === null },
      time: record.time,
      isEarlier,
      evals: record.evals,
    })),
  };
}
