import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Client } from "../../api/client.ts";
import { ErrorNotice } from "../../parts/notice.tsx";
import { type Tone, durationText, momentText, shortMoment } from "../../texts.ts";
import type { Try, TryState } from "../../wire.ts";

/** How often a run that is under way is asked after. */
const AGAIN_MS = 3000;

const STATES: Readonly<Record<TryState, { readonly label: string; readonly tone: Tone }>> = {
  running: { label: "Under way", tone: "busy" },
  succeeded: { label: "Answered", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  refused: { label: "Not started", tone: "bad" },
};

/** When an agent was tried, anew with each number of `asked`, and while a run is under way. */
function useTries(client: Client, agentId: string, asked: number) {
  const [tries, setTries] = useState<readonly Try[]>([]);
  const [error, setError] = useState<unknown>();
  const ask = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const path = `/agents/${encodeURIComponent(agentId)}/tries`;
        setTries((await client.get<{ tries: readonly Try[] }>(path, { signal })).tries);
        setError(undefined);
      } catch (problem) {
        if (!signal?.aborted) setError(problem);
      }
    },
    [client, agentId],
  );
  useEffect(() => {
    const leaving = new AbortController();
    void ask(leaving.signal);
    return () => leaving.abort();
  }, [ask, asked]);
  const isUnderWay = tries.some(({ state }) => state === "running");
  useEffect(() => {
    if (!isUnderWay) return undefined;
    const leaving = new AbortController();
    const timer = setInterval(() => void ask(leaving.signal), AGAIN_MS);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, [ask, isUnderWay]);
  return { tries, error, ask };
}

function Head({ one }: { readonly one: Try }) {
  const { state, startedAt, endedAt, input } = one;
  return (
    <>
      <span class={`badge badge-${STATES[state].tone}`}>{STATES[state].label}</span>
      <span class="quiet">
        <time dateTime={startedAt} title={momentText(startedAt)}>
          {shortMoment(startedAt)}
        </time>
        {endedAt === null ? "" : `, ${durationText(startedAt, endedAt)}`}
      </span>
      {input === undefined ? (
        <span class="last-run-input quiet">Asked by somebody else</span>
      ) : (
        <bdi class="last-run-input">{input.split("\n", 1)[0]}</bdi>
      )}
    </>
  );
}

function Run({ one }: { readonly one: Try }) {
  const { startedAt, input, answer, problem } = one;
  if (input === undefined) {
    return (
      <p class="last-run">
        <Head one={one} />
      </p>
    );
  }
  return (
    <details>
      <summary class="last-run">
        <Head one={one} />
      </summary>
      <p dir="auto" class="pre quiet">
        {input}
      </p>
      {answer === undefined ? (
        <p dir="auto">{problem ?? "Your agent is working."}</p>
      ) : (
        <div class="answer" role="region" aria-label={`Run of ${momentText(startedAt)}`} tabIndex={0}>
          <p dir="auto" class="pre">
            {answer}
          </p>
        </div>
      )}
    </details>
  );
}

export interface LastRunsProps {
  readonly agentId: string;
  readonly client: Client;
  /** How often the agent was asked something while the page is open. */
  readonly asked: number;
}

/** What an agent was asked of late; what it answered is unfolded by whoever asked. */
export function LastRuns({ agentId, client, asked }: LastRunsProps): JSX.Element | null {
  const { tries, error, ask } = useTries(client, agentId, asked);
  if (tries.length === 0 && error === undefined) return null;
  return (
    <section class="panel" aria-labelledby="last-runs">
      <h2 id="last-runs">Last runs</h2>
      {error === undefined ? null : <ErrorNotice error={error} retry={() => void ask()} />}
      <ul class="last-runs">
        {tries.map((one) => (
          <li key={one.id}>
            <Run one={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}
