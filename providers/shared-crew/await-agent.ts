import { setTimeout as sleep } from "node:timers/promises";
import { SharedCrewError } from "./errors.ts";

export interface AwaitedAgent {
  readonly agentId: string;
  /** The agent's URL in the service. */
  readonly url: string;
  /** What its health answers once the service serves what was written last. */
  readonly revision: string;
  /** How many answers in a row must say so: as many as instances take turns. */
  readonly answers: number;
  /** How long the service may take. */
  readonly seconds: number;
}

interface Health {
  readonly instance?: unknown;
  readonly crew?: unknown;
  readonly problem?: unknown;
}

const PAUSE_MS = 300;
const REQUEST_MS = 10_000;

/**
 * Waits until the service serves an agent as it was written.
 *
 * @throws SharedCrewError SHARED_AGENT_NOT_UP
 */
export async function awaitAgent(agent: AwaitedAgent): Promise<void> {
  const { url, revision, answers, seconds } = agent;
  const end = Date.now() + seconds * 1000;
  let ready = 0;
  let said = "nothing answers";
  while (Date.now() < end) {
    const seen = await look(url);
    const isNew = typeof seen !== "string" && seen.instance === revision;
    if (isNew && seen.crew === "failed") throw notUp(agent, textOf(seen.problem));
    ready = isNew && seen.crew === "ready" ? ready + 1 : 0;
    if (ready >= answers) return;
    if (ready === 0) {
      said =
        typeof seen === "string" ? seen : isNew ? `its crew is ${textOf(seen.crew)}` : "it is not there yet";
      await sleep(PAUSE_MS);
    }
  }
  throw notUp(agent, `after ${seconds} s, ${said}`);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "unknown");

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
