import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ProblemError, fieldProblems } from "../../api/problem.ts";
import { upload } from "../../api/upload.ts";
import { announce } from "../../parts/announcer.tsx";
import { BackLink } from "../../parts/back-link.tsx";
import { BillingBanner, BillingButton, planNeeded } from "../../parts/billing-banner.tsx";
import { BusyButton } from "../../parts/busy-button.tsx";
import { documentRules } from "../../documents.ts";
import { ChoiceFields } from "../../parts/choice-fields.tsx";
import { DocumentPicker, UploadProgress } from "../../parts/document-picker.tsx";
import { ErrorSummary, problemAt, useProblems } from "../../parts/error-summary.tsx";
import { TextField } from "../../parts/field.tsx";
import { ErrorNotice, Notice } from "../../parts/notice.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Link, navigate } from "../../routing/router.tsx";
import { templatePriceText } from "../../texts.ts";
import { type SignedIn, refreshMe } from "../../session/session.ts";
import type { Agent, Choice, Chosen, Template } from "../../wire.ts";
import { choicesSent, fieldOf, formProblems, idOf, labelOf, mostOf, optionOf, takes } from "../agent-form.ts";
import { type Draft, dropDraft, keepDraft, keptDraft, newKey } from "./draft.ts";

/** The provider tells the portal of a payment by itself, which may be a little later than the user is back. */
const PAID_LOOKS_MS = [0, 1000, 2000, 4000, 8000];

interface TemplateChoiceProps {
  readonly templates: readonly Template[];
  readonly chosen: string;
  readonly problem: string | undefined;
  readonly onChoose: (id: string) => void;
}

function TemplateChoice({ templates, chosen, problem, onChoose }: TemplateChoiceProps) {
  return (
    <fieldset class="choices" aria-describedby={problem === undefined ? undefined : "agent-template-problem"}>
      <legend>Kind of agent</legend>
      <div class="choices-grid">
        {templates.map(({ id, name, description, ...priced }, index) => (
          <label key={id} class="choice">
            <input
              type="radio"
              name="template"
              id={index === 0 ? idOf("template") : undefined}
              checked={chosen === id}
              onChange={() => onChoose(id)}
            />
            <span class="choice-name">{name}</span>
            <span class="choice-text">{description}</span>
            <span class="choice-price">{templatePriceText(priced)}</span>
          </label>
        ))}
      </div>
      {problem === undefined ? null : (
        <p class="problem" id="agent-template-problem">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function formOf(
  { template, name, bio, description, choices }: Draft,
  files: readonly File[],
  chosen: Template | undefined,
): FormData {
  const form = new FormData();
  const texts = { template, name: name.trim(), bio: bio.trim(), description: description.trim() };
  for (const [field, value] of Object.entries(texts)) {
    if (field === "template" || field === "name" || takes(chosen, field)) form.append(field, value);
  }
  const sent = choicesSent(chosen, choices);
  if (sent !== undefined) form.append("choices", sent);
  if (documentRules(chosen)) for (const file of files) form.append("docs", file, file.name);
  return form;
}

/** What a refused or failed try leaves to be told. */
function Refusal({
  error,
  signedIn,
  hasDocuments,
}: {
  readonly error: unknown;
  readonly signedIn: SignedIn;
  readonly hasDocuments: boolean;
}): JSX.Element | null {
  if (error === undefined || fieldProblems(error).length > 0) return null;
  if (!(error instanceof ProblemError) || error.problem.status !== 402) return <ErrorNotice error={error} />;
  // The refusal's own link leads back to the portal's first page; this one to the form that waits here.
  const action = <BillingButton signedIn={signedIn} page="checkout" label="Choose a plan" />;
  return (
    <Notice tone="warning" title="A subscription is needed" action={action} urgent>
      <p>
        {error.problem.detail} What you wrote is kept
        {hasDocuments ? "; documents have to be added again." : "."}
      </p>
    </Notice>
  );
}

export function CreatePage({ signedIn }: { readonly signedIn: SignedIn }): JSX.Element {
  const { config, client, live, me } = signedIn;
  const [only] = config.templates;
  const [draft, setDraft] = useState(() => {
    const kept = keptDraft();
    const isKnown = config.templates.some(({ id }) => id === kept.template);
    return isKnown ? kept : { ...kept, template: config.templates.length === 1 && only ? only.id : "" };
  });
  const [files, setFiles] = useState<readonly File[]>([]);
  const { problems, attempt, found, forget } = useProblems();
  const [error, setError] = useState<unknown>();
  const [share, setShare] = useState<number>();
  const template = config.templates.find(({ id }) => id === draft.template);
  const rules = documentRules(template);
  const isBusy = share !== undefined;
  const missing = planNeeded(signedIn);

  useEffect(() => keepDraft(draft), [draft]);
  useEffect(() => {
    if (config.billing === "none" || me.billing.state === "active" || me.billing.state === "trialing")
      return undefined;
    const timers = PAID_LOOKS_MS.map((ms) => setTimeout(() => void refreshMe().catch(() => {}), ms));
    return () => timers.forEach(clearTimeout);
    // Only when the page is opened: paying leads back to it.
  }, []);

  const change = (changed: Partial<Draft>) => {
    setDraft((now) => ({ ...now, ...changed }));
    for (const field of Object.keys(changed)) forget(field);
  };
  const changeChoice = (chosen: Chosen, choice: Choice) => {
    setDraft((now) => ({ ...now, choices: { ...now.choices, ...chosen } }));
    forget(fieldOf(choice));
  };
  const choose = (chosen: readonly File[]) => {
    setFiles(chosen);
    forget("docs");
  };

  const send = async () => {
    setShare(0);
    setError(undefined);
    const headers = { "Idempotency-Key": draft.idempotencyKey };
    const form = formOf(draft, files, template);
    try {
      const { agentId } = await upload<{ agentId: string }>(client.credentials, {
        method: "POST",
        path: "/agent",
        form,
        headers,
        onProgress: setShare,
      });
      dropDraft();
      announce("Your agent is on its way");
      const agent = await client.get<Agent>(`/agents/${encodeURIComponent(agentId)}`).catch(() => undefined);
      if (agent) live.take(agent);
      void refreshMe().catch(() => {});
      navigate(`/agent/${encodeURIComponent(agentId)}`);
    } catch (problem) {
      setError(problem);
      found(fieldProblems(problem));
      // A refused form is over: it created nothing. After anything else the same try may be repeated.
      if (problem instanceof ProblemError && problem.problem.status < 500)
        change({ idempotencyKey: newKey() });
      setShare(undefined);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    const wrong = formProblems(draft, files, { template });
    found(wrong);
    setError(undefined);
    if (wrong.length === 0) void send();
  };

  const text = (field: "name" | "bio" | "description", label: string, hint: string, rows?: number) => (
    <TextField
      id={idOf(field)}
      label={label}
      hint={hint}
      value={draft[field]}
      most={mostOf(template, field)}
      problem={problemAt(problems, field)}
      onInput={(value) => change({ [field]: value })}
      {...(rows === undefined ? {} : { rows })}
    />
  );
  return (
    <div class="narrow">
      <PageHeading title="Create AI agent" eyebrow={<BackLink />} />
      <BillingBanner signedIn={signedIn} isCreating />
      <form class="stack" onSubmit={submit} noValidate>
        <ErrorSummary
          problems={problems}
          attempt={attempt}
          idOf={idOf}
          labelOf={(field) => labelOf(field, template)}
        />
        <TemplateChoice
          templates={config.templates}
          chosen={draft.template}
          problem={problemAt(problems, "template")}
          onChoose={(id) => change({ template: id, choices: {} })}
        />
        {text("name", "Name", "What people see first when they look for an agent.")}
        {takes(template, "bio")
          ? text("bio", "Bio", "Who the agent is and how it talks: it works by this.", 4)
          : null}
        {takes(template, "description")
          ? text(
              "description",
              "Description",
              "What it does for those who hire it; published on the network.",
              3,
            )
          : null}
        <ChoiceFields
          choices={template?.choices ?? []}
          idOf={(choice) => idOf(fieldOf(choice))}
          problemOf={(choice) => problemAt(problems, fieldOf(choice))}
          optionOf={(choice) => optionOf(choice, draft.choices)}
          onChange={changeChoice}
        />
        {rules && missing !== undefined ? (
          <p class="quiet">{missing} before you add documents: they are not kept while you do.</p>
        ) : null}
        {rules ? (
          <DocumentPicker
            id={idOf("docs")}
            files={files}
            rules={rules}
            problem={problemAt(problems, "docs")}
            onChange={choose}
          />
        ) : null}
        <Refusal error={error} signedIn={signedIn} hasDocuments={files.length > 0} />
        {isBusy && files.length > 0 ? <UploadProgress share={share} /> : null}
        <div class="actions">
          <BusyButton busy={isBusy} kind="primary" type="submit">
            {isBusy ? "Creating" : "Create AI agent"}
          </BusyButton>
          <Link to="/" class="button">
            Cancel
          </Link>
        </div>
      </form>
    </div>
  );
}
