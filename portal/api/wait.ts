import type { AgentRow } from "../database/agents.ts";
import { findAgent } from "../database/agents.ts";
import type { ApiParts } from "./context.ts";

/** The longest that a request may wait, in seconds: proxies give up after a minute. */
const MOST_SECONDS = 55;

/** Returns the seconds of `Prefer: wait=<s>` (RFC 7240); 0 if there is none. */
export function secondsToWait(prefer: string | undefined): number {
  const [, seconds = "0"] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer ?? "") ?? [];
  return Math.min(Number(seconds), MOST_SECONDS);
}

/** Waits until an agent is registered or has failed, but no longer than that. */
export async function untilSettled(
  { database, changes }: Pick<ApiParts, "database" | "changes">,
  id: string,
  seconds: number,
  signal: AbortSignal,
): Promise<AgentRow | undefined> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Heard from before looking, so that nothing that happens in between is missed.
    const stop = changes.hear(() => resolve());
    const agent = await findAgent(database, id);
    const left = end - Date.now();
    if (!agent || agent.state === "registered" || agent.state === "failed" || left <= 0 || signal.aborted) {
      stop();
      return agent;
    }
    const timer = setTimeout(resolve, left);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    stop();
  }
}
