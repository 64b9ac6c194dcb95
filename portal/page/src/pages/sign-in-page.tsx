import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { createClient } from "../api/client.ts";
import { explain, fieldProblems } from "../api/problem.ts";
import { BusyButton } from "../parts/busy-button.tsx";
import { Field } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import { PageHeading } from "../parts/page-heading.tsx";
import { SignInError, type Oidc, beginSignIn } from "../session/oidc.ts";
import { signInWith } from "../session/session.ts";
import type { Configuration } from "../wire.ts";

const EMAIL = /^[^@\s]+@[^@\s]+$/;

function LocalForm({ config }: { readonly config: Configuration }) {
  const [email, setEmail] = useState("");
  const [operator, setOperator] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (!EMAIL.test(email.trim())) {
      setProblem("Enter an e-mail address, such as ada@example.com");
      document.getElementById("email")?.focus();
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      const anonymous = createClient({ token: () => Promise.resolve(undefined), refused: () => {} });
      const asked = { email: email.trim(), ...(operator ? { operator } : {}) };
      const { token } = await anonymous.send<{ token: string }>("POST", "/sign-in", asked);
      await signInWith(config, token);
    } catch (error) {
      setProblem(fieldProblems(error)[0]?.message ?? explain(error).detail);
      document.getElementById("email")?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="panel stack" onSubmit={(event) => void submit(event)} noValidate>
      <Field
        id="email"
        label="E-mail"
        hint="This portal runs on your machine: any address will do."
        problem={problem}
      >
        {(control) => (
          <input
            {...control}
            type="email"
            autocomplete="email"
            value={email}
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
        )}
      </Field>
      <label class="check">
        <input
          type="checkbox"
          checked={operator}
          onChange={(event) => setOperator(event.currentTarget.checked)}
        />
        <span>Sign in as an operator</span>
      </label>
      <BusyButton busy={busy} kind="primary" type="submit">
        Sign in
      </BusyButton>
    </form>
  );
}

function IssuerButton({ oidc }: { readonly oidc: Oidc }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const go = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await beginSignIn(oidc, location.pathname);
    } catch (error) {
      setBusy(false);
      setProblem(
        error instanceof SignInError
          ? error.message
          : "Sign-in could not begin. Reload the page and try again.",
      );
    }
  };
  return (
    <div class="panel stack">
      {problem === undefined ? null : <Notice tone="bad" title={problem} urgent />}
      <BusyButton busy={busy} kind="primary" onClick={() => void go()}>
        Sign in
      </BusyButton>
      <p class="hint">You will be taken to {new URL(oidc.issuer).host}, and come back here.</p>
    </div>
  );
}

export interface SignInPageProps {
  readonly config: Configuration;
  readonly notice?: string | undefined;
}

export function SignInPage({ config, notice }: SignInPageProps): JSX.Element {
  return (
    <div class="sign-in">
      <PageHeading title="Your AI agent, for hire" eyebrow={config.network}>
        <p class="lead">
          Give it a name, a character and your documents. It runs, joins the Masumi network, and takes jobs.
        </p>
      </PageHeading>
      {notice === undefined ? null : <Notice tone="warning" title={notice} urgent />}
      {config.signIn.kind === "local" ? <LocalForm config={config} /> : <IssuerButton oidc={config.signIn} />}
    </div>
  );
}
