import { setTimeout as sleep } from "node:timers/promises";
import { SharedCrewError } from "./errors.ts";

export interface AwaitedAgent {
  readonly agentId: string;
  /** The agent's URL in the service. */
  readonly url: string;
  /** SHA-256 of the declaration that it must be served with. */
  readonly declaration: string;
  /** SECRETS_REVISION, which changes with anything that was written. */
  readonly revision: string;
  /** How many answers in a row must say so: as many as instances take turns. */
  readonly answers: number;
  /** How long the service may take. */
  readonly seconds: number;
}

/** What an agent's health says: of the declaration in effect, and the revision that was looked at last. */
interface Health {
  readonly declaration?: unknown;
  readonly revision?: unknown;
  readonly crew?: unknown;
}

const PAUSE_MS = 300;
const REQUEST_MS = 10_000;

/** A service looks at its agents every two seconds: an agent that stays unusable for so long is so as it was written last. */
const UNUSABLE_MS = 10_000;

/**
 * Waits until the service serves an agent as it was written.
 *
 * @throws SharedCrewError SHARED_AGENT_NOT_UP
 */
export async function awaitAgent(agent: AwaitedAgent): Promise<void> {
  const { url, answers, seconds } = agent;
  const begin = Date.now();
  let ready = 0;
  let said = "nothing answers";
  while (Date.now() - begin < seconds * 1000) {
    const health = await look(url);
    const verdict = typeof health === "string" ? health : judge(health, agent);
    ready = verdict === "served" ? ready + 1 : 0;
    if (ready >= answers) return;
    const isSettled = typeof health !== "string" && health.revision === agent.revision;
    if (verdict === UNUSABLE && (isSettled || Date.now() - begin > UNUSABLE_MS)) throw notUp(agent, UNUSABLE);
    if (ready > 0) continue;
    said = verdict;
    await sleep(PAUSE_MS);
  }
  throw notUp(agent, `after ${seconds} s, ${said}`);
}

const UNUSABLE = "its crew cannot be used as it is declared";

/** Returns whether an agent is served as it was written, otherwise what is wrong. */
function judge(health: Health, { declaration, revision }: AwaitedAgent): string {
  if (health.crew === "unusable") return UNUSABLE;
  if (health.declaration !== declaration) return "it still serves another declaration";
  if (health.revision !== undefined && health.revision !== revision) return "it still has other settings";
  return health.crew === "ready" ? "served" : `its crew is ${String(health.crew)}`;
}

/** Returns what an agent's health says; a text if it says nothing of an agent. */
async function look(url: string): Promise<Health | string> {
  try {
    const answer = await fetch(`${url}/healthz`, {
      signal: AbortSignal.timeout(REQUEST_MS),
      redirect: "error",
    });
    if (!answer.ok) return `${url}/healthz answers ${answer.status}`;
    return ((await answer.json()) as Health | null) ?? {};
  } catch (error) {
    const { message, cause } = error as Error & { readonly cause?: { readonly code?: string } };
    return `${url}/healthz does not answer (${cause?.code ?? message})`;
  }
}

const notUp = ({ agentId, url }: AwaitedAgent, reason: string) =>
  new SharedCrewError(
    "SHARED_AGENT_NOT_UP",
    `The shared crew service does not serve ${agentId} at ${url}: ${reason}.`,
    `Fix the cause and deploy again; npx masumi-agents logs ${agentId} shows more. Nothing was registered or changed on the chain.`,
  );
