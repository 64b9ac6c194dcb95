import type { JSX } from "preact";
import { AgentPage } from "./pages/agent/agent-page.tsx";
import { AgentsPage } from "./pages/list/agents-page.tsx";
import { CostsPage } from "./pages/costs/costs-page.tsx";
import { CreatePage } from "./pages/create/create-page.tsx";
import { OperationsPage } from "./pages/operations/operations-page.tsx";
import { NotFoundPage } from "./pages/not-found-page.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { Announcer } from "./parts/announcer.tsx";
import { Loading } from "./parts/loading.tsx";
import { ErrorNotice } from "./parts/notice.tsx";
import { PageHeading } from "./parts/page-heading.tsx";
import { Shell } from "./parts/shell.tsx";
import { usePath } from "./routing/router.tsx";
import { type SignedIn, session, start } from "./session/session.ts";
import { useStore } from "./store.ts";

function Page({ signedIn }: { readonly signedIn: SignedIn }): JSX.Element {
  const path = usePath();
  const [, room = "", id, ...rest] = path.split("/").map(decodeURIComponent);
  if (room === "") return <AgentsPage signedIn={signedIn} />;
  if (room === "create" && id === undefined) return <CreatePage signedIn={signedIn} />;
  if (room === "costs" && id === undefined) return <CostsPage signedIn={signedIn} />;
  if (room === "agent" && id && rest.length === 0)
    return <AgentPage key={id} signedIn={signedIn} agentId={id} />;
  if (room === "operations" && signedIn.me.user.isOperator) {
    return <OperationsPage signedIn={signedIn} tab={id ?? "agents"} id={rest[0]} />;
  }
  return <NotFoundPage />;
}

function Content(): JSX.Element {
  const now = useStore(session);
  if (now.phase === "signed-in") {
    return (
      <Shell signedIn={now}>
        <Page signedIn={now} />
      </Shell>
    );
  }
  return (
    <Shell>
      {now.phase === "loading" ? <Loading /> : null}
      {now.phase === "signed-out" ? <SignInPage config={now.config} notice={now.notice} /> : null}
      {now.phase === "unreachable" ? (
        <>
          <PageHeading title="We will be right back" />
          <ErrorNotice error={now.error} retry={() => void start()} />
        </>
      ) : null}
    </Shell>
  );
}

export const App = (): JSX.Element => (
  <>
    <Content />
    <Announcer />
  </>
);
