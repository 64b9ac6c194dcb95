import type { JSX } from "preact";
import { durationText, shortMoment } from "../texts.ts";
import type { Deployment, RunState } from "../wire.ts";

export const RUN_STATES: Readonly<Record<RunState, { readonly label: string; readonly tone: string }>> = {
  queued: { label: "Waiting", tone: "busy" },
  running: { label: "Under way", tone: "busy" },
  succeeded: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
};

/** The last deployments that an agent was part of. */
export function Deployments({
  deployments,
}: {
  readonly deployments: readonly Deployment[];
}): JSX.Element | null {
  if (deployments.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="deployments">
      <h2 id="deployments">Deployments</h2>
      <ul class="runs">
        {deployments.map(({ id, state, startedAt, endedAt }) => (
          <li key={id}>
            <span class={`badge badge-${RUN_STATES[state].tone}`}>{RUN_STATES[state].label}</span>
            <span class="quiet">
              {startedAt === null ? "" : shortMoment(startedAt)}
              {startedAt !== null && endedAt !== null ? `, ${durationText(startedAt, endedAt)}` : ""}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
