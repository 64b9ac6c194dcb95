import type { Client } from "../api/client.ts";
import { type Store, createStore } from "../store.ts";
import type { Agent } from "../wire.ts";
import { type Link, follow } from "./follow.ts";

export interface LiveAgents {
  /** Newest first; undefined until they are known. */
  readonly agents: Store<readonly Agent[] | undefined>;
  readonly link: Store<Link>;
  /** Why they are not known. */
  readonly error: Store<unknown>;
  /** Takes an agent from an answer, without waiting for its event. */
  take(agent: Agent): void;
  /** Asks for all of them. */
  reload(): Promise<void>;
}

const isNewer = (one: Agent, other: Agent): boolean => BigInt(one.version) >= BigInt(other.version);

/** Adds an agent, or puts it in the place of an older version of itself. */
export function merged(agents: readonly Agent[], agent: Agent): readonly Agent[] {
  const known = agents.find(({ agentId }) => agentId === agent.agentId);
  if (!known) return [agent, ...agents].toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  if (!isNewer(agent, known)) return agents;
  return agents.map((one) => (one === known ? agent : one));
}

const lastVersion = (agents: readonly Agent[]): string =>
  agents.reduce((last, { version }) => (BigInt(version) > last ? BigInt(version) : last), 0n).toString();

/** The user's agents, as they are now: asked for once, then by the portal's events. */
export function liveAgents(client: Client, signal: AbortSignal): LiveAgents {
  const agents = createStore<readonly Agent[] | undefined>(undefined);
  const link = createStore<Link>("connecting");
  const error = createStore<unknown>(undefined);
  let isFollowing = false;

  const take = (agent: Agent) => agents.set(merged(agents.get() ?? [], agent));

  async function ask(): Promise<void> {
    const answer = await client.get<{ agents: readonly Agent[] }>("/agents", { signal });
    // What an event has brought meanwhile is newer than the answer.
    const known = agents.get() ?? [];
    agents.set(
      answer.agents.map(
        (agent) => merged([agent], known.find((one) => one.agentId === agent.agentId) ?? agent)[0] ?? agent,
      ),
    );
    error.set(undefined);
  }

  function start(): void {
    if (isFollowing) return;
    isFollowing = true;
    const since = lastVersion(agents.get() ?? []);
    const heard = ({ event, data }: { event: string; data: string }) => {
      if (event === "agent") take(JSON.parse(data) as Agent);
    };
    follow(client.credentials, { path: "/events", since, heard, poll: ask, linked: link.set }, signal);
  }

  async function reload(): Promise<void> {
    error.set(undefined);
    try {
      await ask();
      start();
    } catch (problem) {
      if (!signal.aborted) error.set(problem);
    }
  }
  return { agents, link, error, take, reload };
}
