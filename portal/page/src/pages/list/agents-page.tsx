import type { JSX } from "preact";
import { AgentFacts } from "../../parts/agent-facts.tsx";
import { BillingBanner } from "../../parts/billing-banner.tsx";
import { Icon } from "../../parts/icons.tsx";
import { ErrorNotice, Notice } from "../../parts/notice.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Seal } from "../../parts/seal.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { ProgressLine } from "../../parts/timeline.tsx";
import { Link } from "../../routing/router.tsx";
import type { SignedIn } from "../../session/session.ts";
import { useStore } from "../../store.ts";
import { isGone, plural } from "../../texts.ts";
import type { Agent } from "../../wire.ts";

const CreateLink = () => (
  <Link to="/create" class="button button-primary">
    <Icon name="plus" />
    Create AI agent
  </Link>
);

function AgentCard({ agent }: { readonly agent: Agent }) {
  const { agentId, name, bio, description, state, problem } = agent;
  return (
    <article class="card" data-state={state}>
      <div class="card-head">
        <Seal of={agentId} />
        <h2>
          <Link to={`/agent/${encodeURIComponent(agentId)}`} class="card-link">
            <bdi>{name}</bdi>
          </Link>
        </h2>
        <StateBadge state={state} />
      </div>
      <p class="card-text" dir="auto">
        {description || bio}
      </p>
      {problem ? <p class="card-problem">{problem.detail}</p> : null}
      <ProgressLine agent={agent} />
      <AgentFacts agent={agent} />
    </article>
  );
}

const Skeletons = () => (
  <div class="cards" role="status" aria-label="Loading your agents">
    {[1, 2, 3].map((one) => (
      <div class="card skeleton" key={one} aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
    ))}
  </div>
);

const Empty = ({ hadAny }: { readonly hadAny: boolean }) => (
  <div class="empty">
    <div class="empty-seals" aria-hidden="true">
      <Seal of="support" large />
      <Seal of="research" large />
      <Seal of="documents" large />
    </div>
    <h2>{hadAny ? "No agents at present" : "No agents yet"}</h2>
    <p>
      An agent takes a name, a few sentences and, if you like, your documents. Seconds later it runs; then it
      joins the network.
    </p>
    <CreateLink />
  </div>
);

export function AgentList({ agents }: { readonly agents: readonly Agent[] }): JSX.Element {
  const present = agents.filter((agent) => !isGone(agent));
  const gone = agents.filter(isGone);
  return (
    <>
      {present.length === 0 ? (
        <Empty hadAny={gone.length > 0} />
      ) : (
        <div class="cards">
          {present.map((agent) => (
            <AgentCard key={agent.agentId} agent={agent} />
          ))}
        </div>
      )}
      {gone.length === 0 ? null : (
        <details class="gone">
          <summary>{plural(gone.length, "removed agent")}</summary>
          <ul>
            {gone.map(({ agentId, name }) => (
              <li key={agentId}>
                <Link to={`/agent/${encodeURIComponent(agentId)}`}>
                  <bdi>{name}</bdi>
                </Link>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

export function AgentsPage({ signedIn }: { readonly signedIn: SignedIn }): JSX.Element {
  const { live, config } = signedIn;
  const agents = useStore(live.agents);
  const error = useStore(live.error);
  const link = useStore(live.link);
  const hasAny = agents?.some((agent) => !isGone(agent)) ?? false;
  return (
    <>
      <PageHeading
        title="Your AI agents"
        eyebrow={config.network}
        action={hasAny ? <CreateLink /> : undefined}
      />
      <BillingBanner signedIn={signedIn} />
      {link === "offline" && agents ? (
        <Notice tone="warning" title="You are offline">
          <p>This is how your agents were when the connection went. The page catches up by itself.</p>
        </Notice>
      ) : null}
      {error === undefined ? null : <ErrorNotice error={error} retry={() => void live.reload()} />}
      {agents ? <AgentList agents={agents} /> : null}
      {agents || error !== undefined ? null : <Skeletons />}
    </>
  );
}
