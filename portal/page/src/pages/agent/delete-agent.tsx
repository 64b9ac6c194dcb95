import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Client } from "../../api/client.ts";
import { announce } from "../../parts/announcer.tsx";
import { BusyButton } from "../../parts/busy-button.tsx";
import { Field } from "../../parts/field.tsx";
import { ErrorNotice } from "../../parts/notice.tsx";
import type { Agent } from "../../wire.ts";

export interface DeleteAgentProps {
  readonly agent: Agent;
  readonly client: Client;
  readonly taken: (agent: Agent) => void;
}

/** Takes an agent off the network, once its name has been typed. */
export function DeleteAgent({ agent, client, taken }: DeleteAgentProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [error, setError] = useState<unknown>();

  const open = () => {
    setTyped("");
    setProblem(undefined);
    setError(undefined);
    dialog.current?.showModal();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (typed.trim() !== agent.name.trim()) {
      setProblem("This is not the agent's name");
      document.getElementById("delete-name")?.focus();
      return;
    }
    setBusy(true);
    setError(undefined);
    try {
      const leaving = await client.send<Agent>("DELETE", `/agents/${encodeURIComponent(agent.agentId)}`);
      dialog.current?.close();
      taken(leaving);
      announce(`${agent.name} is leaving the network`);
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="panel" aria-labelledby="delete">
      <h2 id="delete">Delete</h2>
      <div class="split">
        <p class="quiet">
          The agent finishes its open jobs and leaves the network. Its identifier is never used again.
        </p>
        <button type="button" class="button button-danger" onClick={open}>
          Delete agent
        </button>
      </div>
      <dialog ref={dialog} aria-labelledby="delete-title">
        <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
          <h2 id="delete-title">Delete this agent?</h2>
          <p>
            This cannot be undone. Type its name to confirm:{" "}
            <strong class="typed-name">
              <bdi>{agent.name}</bdi>
            </strong>
          </p>
          <Field id="delete-name" label="Name of the agent" problem={problem}>
            {(control) => (
              <input
                {...control}
                type="text"
                dir="auto"
                autocomplete="off"
                value={typed}
                onInput={(event) => setTyped(event.currentTarget.value)}
              />
            )}
          </Field>
          {error === undefined ? null : <ErrorNotice error={error} />}
          <div class="actions">
            <BusyButton busy={busy} kind="danger" type="submit">
              Delete agent
            </BusyButton>
            <button type="button" class="button" onClick={() => dialog.current?.close()}>
              Keep it
            </button>
          </div>
        </form>
      </dialog>
    </section>
  );
}
