import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { fieldProblems } from "../../api/problem.ts";
import { upload } from "../../api/upload.ts";
import { announce } from "../../parts/announcer.tsx";
import { BusyButton } from "../../parts/busy-button.tsx";
import { documentRules } from "../../documents.ts";
import { ChoiceFields } from "../../parts/choice-fields.tsx";
import { DocumentPicker, UploadProgress } from "../../parts/document-picker.tsx";
import { ErrorSummary, problemAt, useProblems } from "../../parts/error-summary.tsx";
import { TextField } from "../../parts/field.tsx";
import { ErrorNotice } from "../../parts/notice.tsx";
import type { SignedIn } from "../../session/session.ts";
import { bytesText } from "../../texts.ts";
import type { Agent, StoredDocument, Template } from "../../wire.ts";
import {
  type AgentForm,
  choicesSent,
  fieldOf,
  formProblems,
  idOf,
  labelOf,
  mostOf,
  optionOf,
  takes,
} from "../agent-form.ts";

const TEXTS = ["name", "bio", "description"] as const;

interface KeptDocumentsProps {
  readonly documents: readonly StoredDocument[];
  readonly removed: ReadonlySet<string>;
  readonly onChange: (removed: ReadonlySet<string>) => void;
}

function KeptDocuments({ documents, removed, onChange }: KeptDocumentsProps) {
  if (documents.length === 0) return null;
  const turn = (sha256: string, isRemoved: boolean) => {
    const next = new Set(removed);
    if (isRemoved) next.add(sha256);
    else next.delete(sha256);
    onChange(next);
  };
  return (
    <fieldset>
      <legend>Remove documents</legend>
      {documents.map(({ sha256, name, bytes }) => (
        <label class="check" key={sha256}>
          <input
            type="checkbox"
            checked={removed.has(sha256)}
            onChange={(event) => turn(sha256, event.currentTarget.checked)}
          />
          <span>
            <bdi>{name}</bdi> <span class="quiet">{bytesText(bytes)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface Filled {
  readonly texts: AgentForm;
  readonly files: readonly File[];
  /** Digests of the agent's documents that are to go. */
  readonly removed: ReadonlySet<string>;
}

/** Returns only what differs; undefined if nothing does. */
function changesOf(
  agent: Agent,
  { texts, files, removed }: Filled,
  template: Template | undefined,
): FormData | undefined {
  const form = new FormData();
  const choices = choicesSent(template, texts.choices);
  if (choices !== undefined && choices !== choicesSent(template, agent.choices))
    form.append("choices", choices);
  for (const field of TEXTS)
    if (texts[field].trim() !== agent[field]) form.append(field, texts[field].trim());
  for (const file of files) form.append("docs", file, file.name);
  for (const sha256 of removed) form.append("removeDocs", sha256);
  return [...form.keys()].length === 0 ? undefined : form;
}

export interface ChangeFormProps {
  readonly agent: Agent;
  readonly signedIn: SignedIn;
  readonly taken: (agent: Agent) => void;
}

function Form({ agent, signedIn, taken, done }: ChangeFormProps & { readonly done: () => void }) {
  const { config, client } = signedIn;
  const { name, bio, description, choices } = agent;
  const [texts, setTexts] = useState<AgentForm>({ name, bio, description, choices });
  const [files, setFiles] = useState<readonly File[]>([]);
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set());
  const { problems, attempt, found, forget } = useProblems();
  const [error, setError] = useState<unknown>();
  const [share, setShare] = useState<number>();
  const template = config.templates.find(({ id }) => id === agent.template);
  const rules = documentRules(template);
  const isBusy = share !== undefined;

  const choose = (chosen: readonly File[]) => {
    setFiles(chosen);
    forget("docs");
  };
  const send = async (form: FormData) => {
    setShare(0);
    try {
      const path = `/agents/${encodeURIComponent(agent.agentId)}`;
      taken(await upload<Agent>(client.credentials, { method: "PATCH", path, form, onProgress: setShare }));
      announce("Your change is on its way");
      done();
    } catch (problem) {
      setError(problem);
      found(fieldProblems(problem));
      setShare(undefined);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    const kept = agent.documents.length - removed.size;
    // The template may be gone, and the agent is still here: the portal knows what it may be.
    const wrong = template ? formProblems(texts, files, { template, kept }) : [];
    found(wrong);
    setError(undefined);
    if (wrong.length > 0) return;
    const form = changesOf(agent, { texts, files, removed }, template);
    if (form) void send(form);
    else done();
  };
  const text = (field: (typeof TEXTS)[number], rows?: number) => (
    <TextField
      id={idOf(field)}
      label={labelOf(field)}
      value={texts[field]}
      most={mostOf(template, field)}
      problem={problemAt(problems, field)}
      onInput={(value) => {
        setTexts((now) => ({ ...now, [field]: value }));
        forget(field);
      }}
      {...(rows === undefined ? {} : { rows })}
    />
  );
  return (
    <form class="stack" onSubmit={submit} noValidate>
      <ErrorSummary
        problems={problems}
        attempt={attempt}
        idOf={idOf}
        labelOf={(field) => labelOf(field, template)}
      />
      {text("name")}
      {takes(template, "bio") ? text("bio", 4) : null}
      {takes(template, "description") ? text("description", 3) : null}
      <ChoiceFields
        choices={template?.choices ?? []}
        idOf={(choice) => idOf(fieldOf(choice))}
        problemOf={(choice) => problemAt(problems, fieldOf(choice))}
        optionOf={(choice) => optionOf(choice, texts.choices)}
        onChange={(chosen, choice) => {
          setTexts((now) => ({ ...now, choices: { ...now.choices, ...chosen } }));
          forget(fieldOf(choice));
        }}
      />
      <KeptDocuments documents={agent.documents} removed={removed} onChange={setRemoved} />
      {rules ? (
        <DocumentPicker
          id={idOf("docs")}
          files={files}
          rules={rules}
          problem={problemAt(problems, "docs")}
          onChange={choose}
        />
      ) : null}
      {error === undefined || problems.length > 0 ? null : <ErrorNotice error={error} />}
      {isBusy && files.length > 0 ? <UploadProgress share={share} /> : null}
      <div class="actions">
        <BusyButton busy={isBusy} kind="primary" type="submit">
          Save changes
        </BusyButton>
        <button type="button" class="button" onClick={done}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Changes an agent's texts and documents; folded until it is wanted. */
export function ChangeForm(props: ChangeFormProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  const done = () => {
    setIsOpen(false);
    // After the form is gone the focus would be nowhere.
    requestAnimationFrame(() => document.getElementById("change-agent")?.focus());
  };
  return (
    <section class="panel" aria-labelledby="change">
      <h2 id="change">Change</h2>
      {isOpen ? (
        <Form {...props} done={done} />
      ) : (
        <div class="split">
          <p class="quiet">
            What the network shows, such as the name and the description, is updated in the registration, too.
            The agent keeps working meanwhile.
          </p>
          <button type="button" id="change-agent" class="button" onClick={() => setIsOpen(true)}>
            Change agent
          </button>
        </div>
      )}
    </section>
  );
}
