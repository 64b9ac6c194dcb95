import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { follow } from "../../live/follow.ts";
import { AgentFacts } from "../../parts/agent-facts.tsx";
import { announce } from "../../parts/announcer.tsx";
import { BackLink } from "../../parts/back-link.tsx";
import { BillingBanner } from "../../parts/billing-banner.tsx";
import { Deployments } from "../../parts/deployments.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Loading } from "../../parts/loading.tsx";
import { ErrorNotice, Notice } from "../../parts/notice.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Seal } from "../../parts/seal.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { ProgressLine, Timeline } from "../../parts/timeline.tsx";
import type { SignedIn } from "../../session/session.ts";
import { useStore } from "../../store.ts";
import { STATES, bytesText, isGone, isMoving } from "../../texts.ts";
import type { Agent, Step } from "../../wire.ts";
import { ChangeForm } from "./change-form.tsx";
import { DeleteAgent } from "./delete-agent.tsx";
import { EvaluationsPanel } from "./evaluations-panel.tsx";
import { LastRuns } from "./last-runs.tsx";
import { RegistryPanel } from "./registry-panel.tsx";
import { TryForm } from "./try-form.tsx";

/** No event tells that a run has begun or ended. */
const DEPLOYMENTS_EACH_MS = 5000;

/** One agent as it is now, and why it is not known. An operator may look at agents that are not in their own list. */
function useAgent({ live, client }: SignedIn, agentId: string) {
  const mine = useStore(live.agents)?.find((agent) => agent.agentId === agentId);
  const [asked, setAsked] = useState<Agent>();
  const [error, setError] = useState<unknown>();
  const ask = useCallback(
    (signal?: AbortSignal) => {
      setError(undefined);
      client
        .get<Agent>(`/agents/${encodeURIComponent(agentId)}`, { signal })
        .then(setAsked, (problem: unknown) => {
          if (!signal?.aborted) setError(problem);
        });
    },
    [client, agentId],
  );
  useEffect(() => {
    const leaving = new AbortController();
    ask(leaving.signal);
    return () => leaving.abort();
  }, [ask]);
  const isMineNewer = mine && (!asked || BigInt(mine.version) >= BigInt(asked.version));
  // A list need not carry what a single agent does.
  const agent = isMineNewer
    ? {
        ...mine,
        deployments: mine.deployments ?? asked?.deployments,
        evaluations: mine.evaluations ?? asked?.evaluations,
      }
    : asked;
  const isUnderWay =
    agent !== undefined &&
    (isMoving(agent) || (agent.deployments ?? []).some(({ endedAt }) => endedAt === null));
  useEffect(() => {
    if (!isUnderWay) return undefined;
    const leaving = new AbortController();
    const timer = setInterval(() => ask(leaving.signal), DEPLOYMENTS_EACH_MS);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, [ask, isUnderWay]);
  return { agent, error, ask, take: setAsked };
}

/** What the run says of an agent while it works on it; undefined when nothing is under way. */
function useStepDetail({ client, live }: SignedIn, agent: Agent | undefined): string | undefined {
  const [step, setStep] = useState<Step>();
  const agentId = agent?.agentId;
  const moving = agent !== undefined && isMoving(agent);
  useEffect(() => {
    if (!moving || agentId === undefined) return undefined;
    const leaving = new AbortController();
    const path = `/agents/${encodeURIComponent(agentId)}/events`;
    const heard = ({ event, data }: { event: string; data: string }) => {
      if (event === "step") setStep(JSON.parse(data) as Step);
      if (event === "agent") live.take(JSON.parse(data) as Agent);
    };
    follow(client.credentials, { path, heard }, leaving.signal);
    return () => {
      leaving.abort();
      setStep(undefined);
    };
  }, [client, live, agentId, moving]);
  return step?.detail ?? undefined;
}

function Documents({ agent }: { readonly agent: Agent }) {
  if (agent.documents.length === 0) return <p class="quiet">It has no documents.</p>;
  return (
    <ul class="documents" aria-label="Documents">
      {agent.documents.map(({ sha256, name, bytes }) => (
        <li key={sha256}>
          <Icon name="file" />
          <bdi class="document-name">{name}</bdi>
          <span class="quiet">{bytesText(bytes)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Why an agent needs attention, and what its user can do. */
function Failure({ agent }: { readonly agent: Agent }) {
  const { problem, state } = agent;
  if (!problem) return null;
  const title = state === "failed" ? "Your agent could not be brought up" : "Something is not right yet";
  return (
    <Notice tone={state === "failed" ? "bad" : "warning"} title={title}>
      <p dir="auto">{problem.detail}</p>
      {problem.remedy === undefined ? null : (
        <p dir="auto">
          <strong>What to do:</strong> {problem.remedy}
        </p>
      )}
      <p class="quiet">
        Code <code>{problem.error}</code>
      </p>
    </Notice>
  );
}

function Sections({
  agent,
  signedIn,
  take,
}: {
  agent: Agent;
  signedIn: SignedIn;
  take: (agent: Agent) => void;
}) {
  const detail = useStepDetail(signedIn, agent);
  const isOver = isGone(agent) || agent.state === "leaving";
  const [asked, setAsked] = useState(0);
  const ended = useCallback(() => setAsked((count) => count + 1), []);
  return (
    <div class="agent-grid">
      <div class="stack">
        {isOver ? null : <TryForm agent={agent} client={signedIn.client} ended={ended} />}
        <LastRuns agentId={agent.agentId} client={signedIn.client} asked={asked} />
        <section class="panel" aria-labelledby="about">
          <h2 id="about">About</h2>
          {agent.description ? <p dir="auto">{agent.description}</p> : null}
          {agent.bio && agent.bio !== agent.description ? (
            <p dir="auto" class="quiet pre">
              {agent.bio}
            </p>
          ) : null}
          <h3>Documents</h3>
          <Documents agent={agent} />
        </section>
      </div>
      <aside class="stack">
        <section class="panel" aria-labelledby="way">
          <h2 id="way">Time line</h2>
          <p class="quiet">{STATES[agent.state].sentence}</p>
          <Timeline agent={agent} detail={detail} />
        </section>
        <section class="panel" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <AgentFacts agent={agent} />
          {agent.disclosure === undefined ? null : <p class="quiet">{agent.disclosure}</p>}
        </section>
        {signedIn.config.registry && agent.masumiId !== null && !isOver ? (
          <RegistryPanel agentId={agent.agentId} masumiId={agent.masumiId} client={signedIn.client} />
        ) : null}
        {agent.evaluations === undefined ? null : <EvaluationsPanel evaluations={agent.evaluations} />}
        <Deployments deployments={agent.deployments ?? []} />
      </aside>
      {isOver ? null : (
        <div class="stack">
          <ChangeForm agent={agent} signedIn={signedIn} taken={take} />
          <DeleteAgent agent={agent} client={signedIn.client} taken={take} />
        </div>
      )}
    </div>
  );
}

export function AgentPage({
  signedIn,
  agentId,
}: {
  readonly signedIn: SignedIn;
  readonly agentId: string;
}): JSX.Element {
  const { agent, error, ask, take } = useAgent(signedIn, agentId);
  const state = agent?.state;
  useEffect(() => {
    if (state) announce(STATES[state].sentence);
  }, [state]);
  const taken = useCallback(
    (changed: Agent) => {
      take(changed);
      signedIn.live.take(changed);
    },
    [take, signedIn],
  );
  if (!agent) {
    return (
      <>
        <PageHeading title="Agent" eyebrow={<BackLink />} />
        {error === undefined ? <Loading /> : <ErrorNotice error={error} retry={() => ask()} />}
      </>
    );
  }
  const isOwn = agent.user === undefined || agent.user === signedIn.me.user.id;
  return (
    <>
      <div class="agent-top">
        <Seal of={agent.agentId} large />
        <PageHeading title={agent.name} eyebrow={<BackLink />}>
          <p class="agent-meta">
            <StateBadge state={agent.state} />
            <span class="quiet">{agent.network}</span>
            {isOwn ? null : (
              <span class="quiet" title={agent.user}>
                of {agent.userName ?? agent.user}
              </span>
            )}
          </p>
        </PageHeading>
      </div>
      {isOwn ? <BillingBanner signedIn={signedIn} /> : null}
      {isMoving(agent) ? (
        <div class="agent-progress">
          <ProgressLine agent={agent} />
        </div>
      ) : null}
      <Failure agent={agent} />
      <Sections agent={agent} signedIn={signedIn} take={taken} />
    </>
  );
}
