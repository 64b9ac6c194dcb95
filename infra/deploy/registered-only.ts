import type { Hosting } from "./hosting.ts";

/** Agents with a `url:`: they run elsewhere, and are only registered. */
export const registeredOnly: Hosting = {
  host({ agent }) {
    if (agent.source.kind !== "url") throw new Error(`${agent.id} does not run elsewhere`);
    return { url: agent.source.url, ready: [], publishIdentifier: () => undefined };
  },
};
