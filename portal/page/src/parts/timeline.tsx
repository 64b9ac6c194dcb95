import type { JSX } from "preact";
import { isMoving, momentText, shortMoment, stepText, untilText } from "../texts.ts";
import { type PassStep, passesOf, stepsNow } from "../timeline.ts";
import type { Agent } from "../wire.ts";
import { useNow } from "./now.ts";

const SPOKEN: Readonly<Record<PassStep["state"], string>> = {
  done: "done",
  now: "in progress",
  ahead: "still to come",
  failed: "failed",
};

/** When the chain is expected to have the agent; undefined if that is not waited for. */
function useExpected(agent: Agent): string | undefined {
  const { expectedAt } = agent;
  const isAwaited = expectedAt !== null && isMoving(agent);
  const now = useNow(isAwaited ? 5000 : undefined);
  return isAwaited ? untilText(expectedAt, now) : undefined;
}

/** Where an agent is on its way, in one line. */
export function ProgressLine({ agent }: { readonly agent: Agent }): JSX.Element | null {
  const expected = useExpected(agent);
  const steps = stepsNow(agent);
  const current = steps.find(({ state }) => state === "now" || state === "failed");
  if (!current) return null;
  const words =
    current.state === "failed"
      ? current.at === undefined
        ? `Stopped before: ${stepText(current.step)}`
        : "Stopped"
      : `Next: ${stepText(current.step)}`;
  return (
    <div class="progress-line">
      <div class="progress-dots" aria-hidden="true">
        {steps.map(({ step, state }) => (
          <span key={step} data-state={state} />
        ))}
      </div>
      <p>
        {words}
        {expected === undefined ? null : (
          <span class="quiet">, {current.step === "onChain" ? expected : `on the chain ${expected}`}</span>
        )}
      </p>
    </div>
  );
}

function Step({
  entry,
  expected,
  detail,
}: {
  entry: PassStep;
  expected?: string | undefined;
  detail?: string | undefined;
}) {
  const { step, at, state } = entry;
  const told = entry.detail ?? (state === "now" ? detail : undefined);
  return (
    <li data-state={state}>
      <span class="timeline-step">
        {stepText(step)}
        <span class="unseen"> ({SPOKEN[state]})</span>
      </span>
      {at === undefined ? null : (
        <time dateTime={at} title={momentText(at)}>
          {shortMoment(at)}
        </time>
      )}
      {step === "onChain" && state !== "done" && expected !== undefined ? (
        <span class="quiet">expected {expected}</span>
      ) : null}
      {told === undefined ? null : <p class="timeline-detail">{told}</p>}
    </li>
  );
}

/** An agent's way, step by step, and the rounds before this one. */
export function Timeline({
  agent,
  detail,
}: {
  readonly agent: Agent;
  readonly detail?: string | undefined;
}): JSX.Element {
  const expected = useExpected(agent);
  const earlier = passesOf(agent.timeline).slice(0, -1).toReversed();
  return (
    <>
      <ol class="timeline" aria-label="Time line">
        {stepsNow(agent).map((entry) => (
          <Step key={`${entry.step} ${entry.at ?? ""}`} entry={entry} expected={expected} detail={detail} />
        ))}
      </ol>
      {earlier.length === 0 ? null : (
        <details class="earlier">
          <summary>Earlier</summary>
          {earlier.map((pass) => (
            <ol class="timeline" key={pass[0]?.at}>
              {pass.map(({ step, at, detail: told }) => (
                <Step
                  key={step}
                  entry={{ step, at, detail: told, state: step === "failed" ? "failed" : "done" }}
                />
              ))}
            </ol>
          ))}
        </details>
      )}
    </>
  );
}
