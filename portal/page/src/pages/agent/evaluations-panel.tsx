import type { JSX } from "preact";
import { momentText } from "../../texts.ts";
import type { Evaluations } from "../../wire.ts";

/** How an agent was last evaluated: what it passed, when, and whether it has changed since. */
export function EvaluationsPanel({
  evaluations: { evaluatedAt, declaration, isCurrent, isStub, evals },
}: {
  readonly evaluations: Evaluations;
}): JSX.Element {
  return (
    <section class="panel" aria-labelledby="evaluations">
      <h2 id="evaluations">Evaluations</h2>
      <ul class="runs">
        {evals.map(({ name, passed }) => (
          <li key={name}>
            <span class={`badge badge-${passed ? "good" : "bad"}`}>{passed ? "Passed" : "Failed"}</span>
            <bdi>{name}</bdi>
          </li>
        ))}
      </ul>
      <p class="quiet">
        {momentText(evaluatedAt)}, of declaration <code title={declaration}>{declaration.slice(0, 12)}</code>
        {isStub ? ", without a language model" : ""}.
      </p>
      {isCurrent ? null : <p class="quiet">The agent has changed since.</p>}
    </section>
  );
}
