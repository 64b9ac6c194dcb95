import type { Hosting } from "./hosting.ts";

/** The hosting of agents with a `url:`, which run elsewhere and are only registered. */
export const registeredOnly: Hosting = {
  host({ agent }) {
    if (agent.source.kind !== "url") throw new Error(`${agent.id} does not run elsewhere`);
    return { url: agent.source.url, ready: [] };
  },
};
