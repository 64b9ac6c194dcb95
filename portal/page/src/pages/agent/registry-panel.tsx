import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Client } from "../../api/client.ts";
import { ErrorNotice } from "../../parts/notice.tsx";
import { type Tone, dateText, momentText, plural, shortMoment } from "../../texts.ts";
import type { Registry, RegistryHealth } from "../../wire.ts";

/** The registry itself looks every few minutes. */
const AGAIN_MS = 60_000;
const DAY_MS = 86_400_000;

interface Standing {
  readonly label: string;
  readonly tone: Tone;
  readonly sentence: string;
}

const STANDINGS: Readonly<Record<string, Standing>> = {
  Online: { label: "Online", tone: "good", sentence: "Buyers see your agent." },
  Offline: { label: "Offline", tone: "bad", sentence: "It got no answer, so buyers do not see your agent." },
  Invalid: {
    label: "Invalid",
    tone: "bad",
    sentence: "It got an answer that it does not accept, so buyers do not see your agent.",
  },
  Deregistered: {
    label: "Deregistered",
    tone: "gone",
    sentence: "For the registry, this agent has left the network.",
  },
};

const UNLISTED: Standing = {
  label: "Not listed",
  tone: "busy",
  sentence: "The registry has not seen it yet. That can take a while after a registration or a change.",
};

/** A newer registry may say something else. */
function standingOf({ status }: RegistryHealth): Standing {
  if (status === null) return UNLISTED;
  return STANDINGS[status] ?? { label: "Other", tone: "gone", sentence: `The registry says: ${status}` };
}

function ageOf({ firstSeenAt, supersedes }: RegistryHealth): string | null {
  if (firstSeenAt === null) return null;
  const days = Math.max(0, Math.floor((Date.now() - Date.parse(firstSeenAt)) / DAY_MS));
  const seen = `Since ${dateText(firstSeenAt)}, ${plural(days, "day")}`;
  return supersedes === true ? `${seen}; before with another identifier` : seen;
}

function rankOf({ rank }: RegistryHealth): string | null {
  if (rank === null) return null;
  const parts = [
    ["purchases", rank.purchases] as const,
    ["uptime", rank.uptime] as const,
    ["age", rank.age] as const,
  ].flatMap(([name, part]) => (part === null ? [] : [`${name} ${part.toFixed(2)}`]));
  const made = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  return `${rank.place}, by a score of ${rank.score.toFixed(2)}${made}`;
}

const uptimeOf = ({ uptimePercent, checks }: RegistryHealth): string | null =>
  uptimePercent === null || checks === null ? null : `${uptimePercent} % of ${plural(checks, "check")}`;

function Health({ health }: { readonly health: RegistryHealth }) {
  const { label, tone, sentence } = standingOf(health);
  const facts: (readonly [name: string, text: string | null])[] = [
    ["Uptime", uptimeOf(health)],
    ["Last check", health.checkedAt === null ? null : shortMoment(health.checkedAt)],
    ["Rank", rankOf(health)],
    ["Known", ageOf(health)],
  ];
  const known = facts.filter(([, text]) => text !== null);
  return (
    <>
      <p>
        <span class={`badge badge-${tone}`}>{label}</span>
      </p>
      <p dir="auto" class="quiet">
        {sentence}
      </p>
      {health.reason === null ? null : (
        <p dir="auto">
          <strong>What the portal sees there:</strong> {health.reason}
        </p>
      )}
      {known.length === 0 ? null : (
        <dl class="facts">
          {known.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** What the registry says, anew now and then, and as soon as the agent has another identifier. */
function useRegistry({ client, agentId, masumiId }: RegistryPanelProps) {
  const [registry, setRegistry] = useState<Registry>();
  const [error, setError] = useState<unknown>();
  const ask = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const path = `/agents/${encodeURIComponent(agentId)}/registry`;
        setRegistry(await client.get<Registry>(path, { signal }));
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
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void ask(leaving.signal);
    }, AGAIN_MS);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, [ask, masumiId]);
  return { registry, error, ask };
}

export interface RegistryPanelProps {
  readonly agentId: string;
  readonly masumiId: string;
  readonly client: Client;
}

/** What the network's registry says of an agent, which decides whether buyers see it. The portal asks it, not the browser. */
export function RegistryPanel(props: RegistryPanelProps): JSX.Element {
  const { registry, error, ask } = useRegistry(props);
  return (
    <section class="panel" aria-labelledby="registry">
      <h2 id="registry">In the registry</h2>
      {error === undefined ? null : <ErrorNotice error={error} retry={() => void ask()} />}
      {registry === undefined && error === undefined ? <p class="quiet">Asking the registry …</p> : null}
      {registry?.health ? <Health health={registry.health} /> : null}
      {registry?.problem ? (
        <p dir="auto" class="quiet">
          {registry.problem}
        </p>
      ) : null}
      {registry?.askedAt ? (
        <p class="quiet">
          Asked{" "}
          <time dateTime={registry.askedAt} title={momentText(registry.askedAt)}>
            {shortMoment(registry.askedAt)}
          </time>
        </p>
      ) : null}
    </section>
  );
}
