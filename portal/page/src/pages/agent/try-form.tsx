import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Client } from "../../api/client.ts";
import { fieldProblems } from "../../api/problem.ts";
import { announce } from "../../parts/announcer.tsx";
import { BusyButton } from "../../parts/busy-button.tsx";
import { ErrorSummary, problemAt, useProblems } from "../../parts/error-summary.tsx";
import { ErrorNotice } from "../../parts/notice.tsx";
import { useNow } from "../../parts/now.ts";
import type { Agent } from "../../wire.ts";
import { InputControl } from "./input-control.tsx";
import { type Entered, firstValue, inputProblems, isShown, labelOfField } from "./input-values.ts";
import { inputOf } from "./sent-input.ts";

/** A job may take a minute, and the portal gives up before this does. */
const MOST_SECONDS = 180;

const idOf = (field: string): string => `try-${field}`;

function Waiting({ since }: { readonly since: number }) {
  const seconds = Math.max(0, Math.round((useNow(1000) - since) / 1000));
  return <p class="quiet">Your agent is working: {seconds} s. This may take a minute.</p>;
}

const textOf = (result: unknown): string =>
  typeof result === "string" ? result : JSON.stringify(result, undefined, 2);

export interface TryFormProps {
  readonly agent: Agent;
  readonly client: Client;
  /** Hears that a job has ended, with or without an answer. */
  readonly ended: () => void;
}

/** Gives an agent a job without paying for it, by a form made of its input schema. */
export function TryForm({ agent, client, ended }: TryFormProps): JSX.Element {
  const fields = agent.input.filter(isShown);
  const [values, setValues] = useState<Readonly<Record<string, Entered>>>({});
  const { problems, attempt, found, forget } = useProblems();
  const [since, setSince] = useState<number>();
  const [result, setResult] = useState<string>();
  const [error, setError] = useState<unknown>();
  const asking = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => asking.current?.abort(), []);

  const entered = Object.fromEntries(
    fields.map((field) => [field.id, values[field.id] ?? firstValue(field)]),
  );
  const isReady = agent.url !== null;

  const ask = async () => {
    asking.current = new AbortController();
    const { signal } = asking.current;
    setSince(Date.now());
    setResult(undefined);
    try {
      const input = await inputOf(fields, entered);
      const path = `/agents/${encodeURIComponent(agent.agentId)}/try`;
      const answer = await client.send<{ result: unknown }>(
        "POST",
        path,
        { input },
        { signal, seconds: MOST_SECONDS },
      );
      setResult(textOf(answer.result));
      announce("Your agent has answered");
    } catch (problem) {
      if (signal.aborted) return;
      found(fieldProblems(problem));
      setError(problem);
    } finally {
      setSince(undefined);
      ended();
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (since !== undefined || !isReady) return;
    const wrong = inputProblems(fields, entered);
    found(wrong);
    setError(undefined);
    if (wrong.length === 0) void ask();
  };
  const labelOf = (id: string) =>
    labelOfField(fields.find((field) => field.id === id) ?? { id, type: "none" });
  return (
    <section class="panel" aria-labelledby="try">
      <h2 id="try">Try it</h2>
      <form class="stack" onSubmit={submit} noValidate>
        <ErrorSummary problems={problems} attempt={attempt} idOf={idOf} labelOf={labelOf} />
        {fields.map((field) => (
          <InputControl
            key={field.id}
            id={idOf(field.id)}
            field={field}
            value={entered[field.id] ?? ""}
            problem={problemAt(problems, field.id)}
            onChange={(value) => {
              setValues((now) => ({ ...now, [field.id]: value }));
              forget(field.id);
            }}
          />
        ))}
        <div class="actions">
          <BusyButton busy={since !== undefined} kind="primary" type="submit" disabled={!isReady}>
            Ask
          </BusyButton>
          {since === undefined ? null : (
            <button type="button" class="button" onClick={() => asking.current?.abort()}>
              Stop waiting
            </button>
          )}
        </div>
        {since === undefined ? null : <Waiting since={since} />}
        {isReady ? null : <p class="quiet">As soon as the agent runs, it can be tried here.</p>}
      </form>
      {error === undefined || problems.length > 0 ? null : <ErrorNotice error={error} />}
      {result === undefined ? null : (
        <div class="answer" role="region" aria-label="Answer" tabIndex={0}>
          <p dir="auto" class="pre">
            {result}
          </p>
        </div>
      )}
    </section>
  );
}
