import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";

export interface CrewDrainArgs {
  /** The agent's URL. */
  readonly url: pulumi.Input<string>;
  /** Makes the drain depend on the registration, so it is removed first. */
  readonly agentIdentifier: pulumi.Input<string>;
}

interface Inputs {
  readonly url: string;
  readonly agentIdentifier: string;
}

/** The runtime checks its identifier every 30 seconds; this leaves time for slow answers or a second task. */
const LONGEST_MS = 90_000;
const PAUSE_MS = 2000;
const REQUEST_MS = 10_000;

/** Returns whether an agent reports that it takes jobs. An agent that does not answer takes none. */
async function takesJobs(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/availability`, { signal: AbortSignal.timeout(REQUEST_MS) });
    const said = (await answer.json()) as { status?: unknown };
    return answer.ok && said.status === "available";
  } catch {
    return false;
  }
}

/** The dynamic provider behind CrewDrain. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    return { changes: olds.url !== news.url || olds.agentIdentifier !== news.agentIdentifier, replaces: [] };
  },

  async create(inputs: Inputs) {
    return { id: "drain", outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    return { outs: news };
  },

  /**
   * Waits until the crew takes no more jobs. An author's own crew may never report that: then the removal continues after 90
   * seconds, and open payments still protect the registration.
   */
  async delete(_id: string, { url }: Inputs) {
    const end = Date.now() + LONGEST_MS;
    while (Date.now() < end && (await takesJobs(url))) await sleep(PAUSE_MS);
  },
};

/**
 * Stands between an agent's identifier and its registration when both are removed: the registration is removed, and its open
 * payments checked, only after the crew has stopped taking jobs.
 */
export class CrewDrain extends pulumi.CustomResource {
  constructor(name: string, args: CrewDrainArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:CrewDrain",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.CrewDrain,
      },
      options,
    );
  }
}
